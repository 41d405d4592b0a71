// Writes orders, sagas and the audit as the API shows them.
// Pure. Invariant: one order is written the same way wherever it appears.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "platform/http/json_writer.h"
#include "services/order/audit.h"
#include "services/order/orders.h"

namespace ldt::order {

using http::append_time;

void append_order(std::string& out, const OrderView& order);

[[nodiscard]] std::string order_json(const OrderView& order);
[[nodiscard]] std::string orders_json(const ListPage& page);
[[nodiscard]] std::string sagas_json(const std::vector<Saga>& sagas);
[[nodiscard]] std::string audit_json(const AuditReport& report);

}  // namespace ldt::order
