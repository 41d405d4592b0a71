// Errors as gRPC statuses.
// Depends on grpc++.
#pragma once

#include <grpcpp/support/status.h>

#include "base/result.h"

namespace ldt::rpc {

/// INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, RESOURCE_EXHAUSTED, UNAVAILABLE, UNKNOWN or INTERNAL, with the detail.
[[nodiscard]] grpc::Status to_status(const Error& error);

}  // namespace ldt::rpc
