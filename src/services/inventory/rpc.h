// Inventory's gRPC methods and the SQL view that shows its tables in its own terms.
// Thin: commands go to the writer, reads to the readers, prices to the feed.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "participant/server/host.h"

namespace grpc {
class Service;
}

namespace ldt::inventory {

/// Migration: the view `sku(sku, unit_price, stock, allocated)`.
extern const std::string_view kViews;
/// The same for PostgreSQL.
extern const std::string_view kPostgresViews;
/// "ldt.inventory.v1.InventoryService"
[[nodiscard]] const char* service_name();
/// Error where the prices, which watchers are told at first, cannot be read.
[[nodiscard]] Result<std::shared_ptr<grpc::Service>> make_service(participant::Host& host);

}  // namespace ldt::inventory
