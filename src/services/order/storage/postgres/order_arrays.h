// A transaction's writes as parameters: one array for each column, one element for each order.
// Depends on platform/postgres. Invariant: the arrays of one statement are equally long.
#pragma once

#include <span>
#include <string_view>

#include "platform/postgres/parameters.h"
#include "services/order/engine/store.h"

namespace ldt::order {

/// $1 the replica, then the columns; gives the ids that were inserted.
extern const std::string_view kInsertOrders;
[[nodiscard]] postgres::Parameters insert_parameters(std::int64_t replica, std::span<const Write* const> writes);

/// $1 the replica, then the columns; gives the ids whose state was as expected. Adds to the tokens sold.
extern const std::string_view kChangeOrders;
[[nodiscard]] postgres::Parameters change_parameters(std::int64_t replica, std::span<const Write* const> writes);

/// Failure instructions with their strikes, and the attempts of orders that have ended.
extern const std::string_view kSaveStrikes;
[[nodiscard]] postgres::Parameters strikes_parameters(std::span<const Write* const> writes);

}  // namespace ldt::order
