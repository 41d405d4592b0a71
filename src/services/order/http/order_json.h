// Writes orders, sagas and the audit as the API shows them.
// Pure. Invariant: one order is written the same way wherever it appears.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "services/order/audit.h"
#include "services/order/orders.h"

namespace ldt::order {

/// RFC 3339 in UTC with microseconds, in quotes.
void append_time(std::string& out, WallTime time);
void append_order(std::string& out, const OrderView& order);

[[nodiscard]] std::string order_json(const OrderView& order);
[[nodiscard]] std::string orders_json(const ListPage& page);
[[nodiscard]] std::string sagas_json(const std::vector<Saga>& sagas);
[[nodiscard]] std::string audit_json(const AuditReport& report);

}  // namespace ldt::order
