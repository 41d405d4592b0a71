// What the engine tells about its work: for logs, spans and metrics.
// Implemented over OpenTelemetry by order_telemetry.h, for the API by ../events; observers.h tells several.
// Invariant: an observer changes nothing and never blocks.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "services/order/engine/order_row.h"

namespace ldt::order {

/// Orders that have not ended.
struct InFlight {
  std::size_t orders = 0;
  std::size_t held = 0;            // of these
  std::size_t stuck = 0;           // of these
  std::optional<WallTime> oldest;  // when the oldest that is not HELD was accepted; about a second behind
};

class Observer {
 public:
  virtual ~Observer() = default;
  /// The order is durable. `recovered`: found at start.
  virtual void accepted(const OrderRow& row, bool recovered) = 0;
  /// An attempt at a step has ended. `struck`: the kind of the failure instruction that struck it; empty: none. `error`
  /// in words, where it failed.
  virtual void attempt_ended(const OrderRow& row, const Attempt& attempt, const SpanId& span, std::string_view struck,
                             std::string_view error) = 0;
  /// The order was not traced and is from now on, which its row says: here is what there was before.
  /// @param span_salt  of attempt_span()
  virtual void promoted(const OrderRow&, [[maybe_unused]] std::uint64_t span_salt) {}
  /// REVERTING is durable.
  virtual void reverting(const OrderRow&) {}
  /// COMPLETED or REVERTED is durable.
  virtual void ended(const OrderRow& row) = 0;
  /// The order is HELD, or an undo of it is STUCK.
  virtual void needs_attention(const OrderRow& row, std::string_view what) = 0;
  /// Another replica drives the order from here on.
  virtual void let_go(const OrderRow&) {}
  /// The row of the oldest order that any replica has open, as of a moment ago; 0: not known.
  virtual void others([[maybe_unused]] std::int64_t oldest_open) {}
  virtual void committed(std::chrono::nanoseconds duration, std::size_t writes) = 0;
  /// Writes were rolled back cleanly, e.g. on a full disk; they will be tried again.
  virtual void storage_failed(std::string_view error) = 0;
  /// The engine has nothing to do just now.
  virtual void rests(const InFlight&) {}
};

}  // namespace ldt::order
