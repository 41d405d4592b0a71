#include "services/order/storage/postgres/schema.h"

#include <algorithm>
#include <utility>

#include "services/order/storage/stored_order.h"

namespace ldt::order::postgres_schema {

Result<OrderRow> read_row(const postgres::Rows& rows, int row) {
  StoredOrder stored;
  stored.id = rows.order_id(row, 0);
  if (stored.id) stored.seq = row_of(*stored.id);
  stored.user = rows.text(row, 1);
  stored.sku = rows.text(row, 2);
  stored.quantity = rows.integer(row, 3);
  stored.unit_price = rows.integer(row, 4);
  stored.idempotency_key = rows.text(row, 5);
  stored.fingerprint = rows.integer(row, 6);
  stored.max_attempts = rows.integer(row, 7);
  stored.step_timeout_ms = rows.integer(row, 8);
  stored.on_failure = rows.integer(row, 9);
  stored.failures = rows.text(row, 10);
  stored.trace = rows.text(row, 11);
  stored.caller_span = rows.text(row, 12);
  stored.created_us = rows.integer(row, 13);
  stored.state = rows.integer(row, 14);
  stored.reason = rows.integer(row, 15);
  if (!rows.is_null(row, 16)) stored.failed_step = rows.integer(row, 16);
  stored.attempts = rows.text(row, 17);
  if (!rows.is_null(row, 18)) stored.finished_us = rows.integer(row, 18);
  return to_row(stored);
}

Result<std::vector<OrderRow>> read_rows(const postgres::Rows& rows) {
  std::vector<OrderRow> all;
  all.reserve(static_cast<std::size_t>(rows.size()));
  for (int i = 0; i < rows.size(); ++i) {
    auto row = read_row(rows, i);
    if (!row) return tl::unexpected(row.error());
    all.push_back(std::move(*row));
  }
  return all;
}

std::int64_t row_of(const OrderId& id) {
  std::int64_t row = 0;
  for (std::size_t i = 0; i < 6; ++i) row = (row << 8) | id.bytes[i];
  return (row << 12) | ((id.bytes[6] & 0x0F) << 8) | id.bytes[7];
}

OrderId first_of_row(std::int64_t row) {
  constexpr std::int64_t kMostRows = std::int64_t{1} << 60;
  row = std::clamp<std::int64_t>(row, 0, kMostRows - 1);
  OrderId id;
  id.bytes[7] = static_cast<std::uint8_t>(row);
  id.bytes[6] = static_cast<std::uint8_t>(0x70 | ((row >> 8) & 0x0F));
  std::int64_t ms = row >> 12;
  for (std::size_t i = 6; i-- > 0; ms >>= 8) id.bytes[i] = static_cast<std::uint8_t>(ms);
  id.bytes[8] = 0x80;
  return id;
}

}  // namespace ldt::order::postgres_schema
