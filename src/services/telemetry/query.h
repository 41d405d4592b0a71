// Answers the order service's questions about what is stored.
// Depends on platform/sqlite; each question opens the file read-only, so that one that was moved aside is let go of.
// Invariant: a question reads one snapshot; few are answered at a time.
#pragma once

#include <memory>

#include "services/telemetry/storage.h"

namespace grpc {
class Service;
}

namespace ldt::telemetry_store {

/// ldt.telemetry.v1.TelemetryService.
[[nodiscard]] std::unique_ptr<grpc::Service> make_query_service(const Storage& storage);
[[nodiscard]] std::string query_service_name();

}  // namespace ldt::telemetry_store
