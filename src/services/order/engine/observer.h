// What the engine tells about its work: for logs, spans and metrics.
// Implemented over OpenTelemetry by order_telemetry.h; tests bring their own or none.
// Invariant: an observer changes nothing and never blocks.
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

#include "services/order/engine/order_row.h"

namespace ldt::order {

class Observer {
 public:
  virtual ~Observer() = default;
  /// The order is durable. `recovered`: found at start.
  virtual void accepted(const OrderRow& row, bool recovered) = 0;
  /// An attempt at a step has ended. `struck`: the kind of the failure instruction that struck it; empty: none. `error`
  /// in words, where it failed.
  virtual void attempt_ended(const OrderRow& row, const Attempt& attempt, const SpanId& span, std::string_view struck,
                             std::string_view error) = 0;
  /// COMPLETED or REVERTED is durable.
  virtual void ended(const OrderRow& row) = 0;
  /// The order is HELD, or an undo of it is STUCK.
  virtual void needs_attention(const OrderRow& row, std::string_view what) = 0;
  virtual void committed(std::chrono::nanoseconds duration, std::size_t writes) = 0;
  /// Writes were rolled back cleanly, e.g. on a full disk; they will be tried again.
  virtual void storage_failed(std::string_view error) = 0;
};

}  // namespace ldt::order
