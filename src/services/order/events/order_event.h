// What is told of an order to whoever follows it: CloudEvents 1.0 in server-sent events.
// Pure. Invariant: an event's id follows from what is stored of its order, so whoever tells it again, after a restart
// too, tells it under the same id.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "services/order/orders.h"

namespace ldt::order {

enum class EventKind : std::uint8_t { kAccepted, kStep, kHeld, kReverting, kStuck, kCompleted, kReverted };

struct OrderEvent {
  EventKind kind = EventKind::kAccepted;
  Attempt attempt;          // kStep: the one that ended; kHeld, kStuck: the last one before
  std::string_view struck;  // kStep: the kind of the failure instruction that struck it, of static storage; empty: none
  WallTime at;
};

[[nodiscard]] constexpr bool is_end(EventKind kind) {
  return kind == EventKind::kCompleted || kind == EventKind::kReverted;
}
/// Of an order that went wrong.
[[nodiscard]] constexpr bool tells_of_failure(EventKind kind) {
  return kind == EventKind::kHeld || kind == EventKind::kReverting || kind == EventKind::kStuck ||
         kind == EventKind::kReverted;
}

/// "ldt.order.step.v1", ...
[[nodiscard]] std::string_view type_of(EventKind kind);
/// Unique among the events of its order.
[[nodiscard]] std::string event_id(const OrderEvent& event, const OrderView& order);
/// All that can be told of the order as it is stored, in the order in which it happened: its first event is always
/// kAccepted. What is not stored is left out: earlier holds, and attempts that later ones replaced.
[[nodiscard]] std::vector<OrderEvent> events_of(const OrderView& order);

/// The event as JSON.
void append_event(std::string& out, const OrderEvent& event, const OrderView& order);
/// The event in a stream, under `id`, which holds no line break.
void append_frame(std::string& out, std::string_view id, const OrderEvent& event, const OrderView& order);

}  // namespace ldt::order
