// An order as columns, whatever database they come from, and how they become an order.
// Pure. Invariant: what is broken is an error that names the row, never half an order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "services/order/engine/order_row.h"

namespace ldt::order {

/// Views live as long as the database's row. Absent text is empty.
struct StoredOrder {
  std::int64_t seq = 0;
  std::optional<OrderId> id;
  std::string_view user;
  std::string_view sku;
  std::int64_t quantity = 0;
  std::int64_t unit_price = 0;
  std::string_view idempotency_key;
  std::int64_t fingerprint = 0;
  std::int64_t max_attempts = 0;
  std::int64_t step_timeout_ms = 0;
  std::int64_t on_failure = 0;
  std::string_view failures;
  std::string_view trace;
  std::string_view caller_span;
  std::int64_t created_us = 0;
  std::int64_t state = 0;
  std::int64_t reason = 0;
  std::optional<std::int64_t> failed_step;
  std::string_view attempts;
  std::optional<std::int64_t> finished_us;
};

/// kInternal where it is broken.
[[nodiscard]] Result<OrderRow> to_row(const StoredOrder& stored);

/// Trace id, span id and whether it is sampled, in 25 bytes.
[[nodiscard]] std::string trace_bytes(const TraceContext& trace);

}  // namespace ldt::order
