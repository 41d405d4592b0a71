// An order as it is stored: what was accepted, and how far it came.
// Depends on the saga's vocabulary. Invariant: the accepted part never changes after it was written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "services/order/orders.h"

namespace ldt::order {

struct OrderRow {
  // Accepted (W1)
  std::int64_t seq = 0;  // position in the store, given by it
  OrderId id;
  UserName user;
  Sku sku;
  Quantity quantity;
  Credits unit_price;
  Credits total;
  std::string idempotency_key;
  std::uint64_t request_fingerprint = 0;
  saga::Handling handling;
  std::vector<StruckInstruction> failures;  // `struck` grows, the instructions do not change
  TraceContext trace;                       // of the saga's span
  SpanId caller_span{};                     // the span it was asked by; zero: none
  WallTime created_at;

  // How far it came
  saga::OrderState state = saga::OrderState::kRunning;
  saga::Outcome reason = saga::Outcome::kNone;
  std::optional<saga::Step> failed_step;
  std::vector<Attempt> attempts;
  std::optional<WallTime> finished_at;
};

/// Of an order that has ended; else kNone.
[[nodiscard]] inline saga::Outcome outcome_of(const OrderRow& row) {
  if (row.state == saga::OrderState::kCompleted) return saga::Outcome::kSuccess;
  return row.state == saga::OrderState::kReverted ? row.reason : saga::Outcome::kNone;
}

/// The order as it is shown.
[[nodiscard]] inline OrderView view_of(const OrderRow& row) {
  OrderView view;
  view.id = row.id;
  view.user = row.user;
  view.sku = row.sku;
  view.quantity = row.quantity;
  view.unit_price = row.unit_price;
  view.total = row.total;
  view.state = row.state;
  view.outcome = outcome_of(row);
  view.reason = row.reason;
  view.failed_step = row.failed_step;
  view.attempts = row.attempts;
  view.failures = row.failures;
  view.handling = row.handling;
  view.trace_id = row.trace.trace_id;
  view.created_at = row.created_at;
  view.finished_at = row.finished_at;
  return view;
}

}  // namespace ldt::order
