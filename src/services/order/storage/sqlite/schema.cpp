#include "services/order/storage/sqlite/schema.h"

#include "services/order/storage/stored_order.h"

namespace ldt::order {

Result<OrderRow> read_row(const sqlite::Statement& statement) {
  StoredOrder stored;
  stored.seq = statement.integer(0);
  stored.id = OrderId::from_bytes(statement.blob(1));
  stored.user = statement.text(2);
  stored.sku = statement.text(3);
  stored.quantity = statement.integer(4);
  stored.unit_price = statement.integer(5);
  stored.idempotency_key = statement.text(6);
  stored.fingerprint = statement.integer(7);
  stored.max_attempts = statement.integer(8);
  stored.step_timeout_ms = statement.integer(9);
  stored.on_failure = statement.integer(10);
  stored.failures = statement.text(11);
  stored.trace = statement.blob(12);
  if (!statement.is_null(13)) stored.caller_span = statement.blob(13);
  stored.created_us = statement.integer(14);
  stored.state = statement.integer(15);
  stored.reason = statement.integer(16);
  if (!statement.is_null(17)) stored.failed_step = statement.integer(17);
  stored.attempts = statement.text(18);
  if (!statement.is_null(19)) stored.finished_us = statement.integer(19);
  return to_row(stored);
}

}  // namespace ldt::order
