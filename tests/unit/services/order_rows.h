// Orders as the engine stores them, for tests of what stores them.
// Depends on the order service's engine.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "services/order/engine/store.h"

namespace ldt::order {

/// An accepted order of one token. Later ones have later ids.
inline OrderRow accepted_row(const std::string& user = "alice", const std::string& key = {}) {
  static OrderIdGenerator ids;
  static std::int64_t now_us = 0;
  now_us = std::max(now_us + 1'000, SystemClock().wall().us);
  OrderRow row;
  row.created_at = {now_us};
  row.id = ids.next(row.created_at, static_cast<std::uint64_t>(now_us) * 0x9E3779B97F4A7C15ULL);
  row.user = UserName::parse(user).value();
  row.sku = Sku::parse("late-day").value();
  row.quantity = {2};
  row.unit_price = {10};
  row.total = {20};
  row.idempotency_key = key;
  row.request_fingerprint = 0xFEDCBA9876543210ULL;
  row.trace.trace_id[3] = 7;
  row.trace.sampled = true;
  row.attempts.push_back({saga::Step::kCharge, 1, saga::Outcome::kSuccess, {row.created_at.us + 5}});
  return row;
}

inline StruckInstruction struck(std::uint32_t times) {
  StruckInstruction failure;
  failure.instruction.step = saga::Step::kReserve;
  failure.instruction.kind = saga::FailureKind::kTimeout;
  failure.instruction.attempts = 3;
  failure.struck = times;
  return failure;
}

inline Write insertion(const OrderRow& row) { return {.kind = Write::Kind::kInsert, .row = &row}; }

inline Progress progress_to(saga::OrderState state, const OrderRow& row, saga::Outcome reason = saga::Outcome::kNone) {
  Progress progress{.state = state, .reason = reason};
  if (reason != saga::Outcome::kNone) progress.failed_step = saga::Step::kReserve;
  if (saga::is_final(state)) progress.finished_at = WallTime{row.created_at.us + 1'000'000};
  return progress;
}

inline Write change(const OrderRow& row, saga::OrderState from, saga::OrderState to,
                    saga::Outcome reason = saga::Outcome::kNone) {
  return {.kind = Write::Kind::kChange, .row = &row, .from = from, .to = progress_to(to, row, reason)};
}

}  // namespace ldt::order
