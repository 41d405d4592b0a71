// OTLP over gRPC: logs, traces and metrics.
// Depends on grpc++ and the generated code of the OTLP protos. Messages are taken as bytes and parsed here, so that a
// malformed one is INVALID_ARGUMENT, as OTLP asks.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "platform/grpc/server.h"
#include "services/telemetry/storage.h"

namespace ldt::telemetry_store {

/// The three services for one server.
class GrpcReceiver {
 public:
  explicit GrpcReceiver(Storage& storage);
  ~GrpcReceiver();
  [[nodiscard]] std::vector<rpc::NamedService> services() const;

 private:
  struct Services;
  std::unique_ptr<Services> services_;
};

}  // namespace ldt::telemetry_store
