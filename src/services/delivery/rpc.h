// Delivery's gRPC methods and the SQL views that show its tables in its own terms.
// Thin: commands go to the writer, reads to the readers.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "participant/server/host.h"

namespace grpc {
class Service;
}

namespace ldt::delivery {

/// Migration: the views `wallet(user, tokens)` and `delivery`.
extern const std::string_view kViews;
/// The same for PostgreSQL.
extern const std::string_view kPostgresViews;
/// "ldt.delivery.v1.DeliveryService"
[[nodiscard]] const char* service_name();
[[nodiscard]] Result<std::shared_ptr<grpc::Service>> make_service(participant::Host& host);

}  // namespace ldt::delivery
