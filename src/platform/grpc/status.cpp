// Errors as gRPC statuses.
// Depends on grpc++.
#include "platform/grpc/status.h"

namespace ldt::rpc {

namespace {

grpc::StatusCode code_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid:
      return grpc::StatusCode::INVALID_ARGUMENT;
    case ErrorKind::kNotFound:
      return grpc::StatusCode::NOT_FOUND;
    case ErrorKind::kConflict:
      return grpc::StatusCode::ALREADY_EXISTS;
    case ErrorKind::kOverloaded:
      return grpc::StatusCode::RESOURCE_EXHAUSTED;
    case ErrorKind::kUnavailable:
      return grpc::StatusCode::UNAVAILABLE;
    case ErrorKind::kUnknown:
      return grpc::StatusCode::UNKNOWN;
    case ErrorKind::kInternal:
      return grpc::StatusCode::INTERNAL;
  }
  return grpc::StatusCode::INTERNAL;
}

}  // namespace

grpc::Status to_status(const Error& error) { return {code_of(error.kind), error.detail}; }

}  // namespace ldt::rpc
