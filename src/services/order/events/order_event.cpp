#include "services/order/events/order_event.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/strikes.h"
#include "platform/http/json_writer.h"

namespace ldt::order {
namespace {

using http::append_integer;
using http::append_string;
using http::append_string_or_null;
using saga::OrderState;
using saga::Step;

bool is_own(Step step) { return step == Step::kAccept || step == Step::kFinish; }

WallTime end_of(const Attempt& attempt) { return {attempt.started_at.us + attempt.duration.count()}; }

/// The kind of the instruction that struck the attempt, as far as it follows from what is stored.
std::string_view strike_on(const Attempt& attempt, const OrderView& order) {
  std::vector<const StruckInstruction*> at_step;
  std::vector<std::uint32_t> limits;
  for (const auto& failure : order.failures) {
    const bool takes_its_attempt_along = is_own(attempt.step) && failure.instruction.kind == saga::FailureKind::kCrash;
    if (failure.instruction.step != attempt.step || takes_its_attempt_along) continue;
    at_step.push_back(&failure);
    limits.push_back(failure.instruction.attempts.value_or(0));
  }
  const auto strike = strike_at(limits, attempt.number);
  if (!strike || at_step[strike->instruction]->struck < strike->count) return {};
  return to_string(at_step[strike->instruction]->instruction.kind);
}

/// When it was decided that the order is reverted: its undoing began at once.
WallTime reverting_at(const OrderView& order) {
  const auto undo = std::find_if(order.attempts.begin(), order.attempts.end(),
                                 [](const Attempt& attempt) { return is_undo(attempt.step); });
  if (undo != order.attempts.end()) return undo->started_at;
  if (order.finished_at) return *order.finished_at;
  return order.attempts.empty() ? order.created_at : end_of(order.attempts.back());
}

bool is_failing(const OrderView& order) {
  return order.state == OrderState::kReverting || order.state == OrderState::kReverted;
}

/// The state that the order was in when this happened.
OrderState state_at(const OrderEvent& event, const OrderView& order) {
  switch (event.kind) {
    case EventKind::kHeld:
      return OrderState::kHeld;
    case EventKind::kReverting:
      return OrderState::kReverting;
    case EventKind::kStuck:
      return order.state;
    case EventKind::kCompleted:
      return OrderState::kCompleted;
    case EventKind::kReverted:
      return OrderState::kReverted;
    case EventKind::kStep:
      if (is_undo(event.attempt.step)) return OrderState::kReverting;
      if (event.attempt.step == Step::kFinish && is_failing(order)) return OrderState::kReverting;
      break;
    case EventKind::kAccepted:
      break;
  }
  return OrderState::kRunning;
}

void append_order_facts(std::string& out, const OrderEvent& event, const OrderView& order) {
  const OrderState state = state_at(event, order);
  const bool failed = state != OrderState::kRunning && state != OrderState::kCompleted && order.failed_step.has_value();
  out += "{\"id\":\"";
  out += order.id.to_string();
  out += "\",\"user\":";
  append_string(out, order.user.text());
  out += ",\"sku\":";
  append_string(out, order.sku.text());
  out += ",\"quantity\":";
  append_integer(out, order.quantity.value);
  out += ",\"total\":";
  append_integer(out, order.total.value);
  out += ",\"state\":";
  append_string(out, to_string(state));
  out += ",\"outcome\":";
  append_string_or_null(out, is_final(state) ? to_string(order.outcome) : std::string_view());
  out += ",\"failed_step\":";
  append_string_or_null(out, failed ? to_string(*order.failed_step) : std::string_view());
  out += ",\"trace_id\":\"";
  out += to_hex(order.trace_id);
  out += "\"}";
}

void append_step(std::string& out, const OrderEvent& event) {
  out += ",\"step\":{\"step\":";
  append_string(out, to_string(event.attempt.step));
  out += ",\"attempt\":";
  append_integer(out, event.attempt.number);
  out += ",\"outcome\":";
  append_string(out, to_string(event.attempt.outcome));
  out += ",\"duration_us\":";
  append_integer(out, event.attempt.duration.count());
  out += ",\"struck\":";
  append_string_or_null(out, event.struck);
  out.push_back('}');
}

}  // namespace

std::string_view type_of(EventKind kind) {
  constexpr std::array<std::string_view, 7> kTypes{
      "ldt.order.accepted.v1", "ldt.order.step.v1",      "ldt.order.held.v1",    "ldt.order.reverting.v1",
      "ldt.order.stuck.v1",    "ldt.order.completed.v1", "ldt.order.reverted.v1"};
  return kTypes.at(static_cast<std::size_t>(kind));
}

std::string event_id(const OrderEvent& event, const OrderView& order) {
  std::string id;
  const auto add_attempt = [&] {
    id.append(to_string(event.attempt.step)).push_back('.');
    append_integer(id, event.attempt.number);
  };
  switch (event.kind) {
    case EventKind::kAccepted:
      return "accepted";
    case EventKind::kReverting:
      return "reverting";
    case EventKind::kCompleted:
      return "completed";
    case EventKind::kReverted:
      return "reverted";
    case EventKind::kHeld:
      id = "held.";
      add_attempt();
      return id;
    case EventKind::kStuck:
      return id.append("stuck.").append(to_string(event.attempt.step));
    case EventKind::kStep:
      break;
  }
  // With its begin: after a crash another attempt may have the number of one that was told but not yet stored.
  add_attempt();
  id.push_back('.');
  append_integer(id, event.attempt.started_at.us - order.created_at.us);
  return id;
}

std::vector<OrderEvent> events_of(const OrderView& order) {
  std::vector<OrderEvent> events;
  events.reserve(order.attempts.size() + 3);
  events.push_back({EventKind::kAccepted, {}, {}, order.created_at});
  bool reverting = false;
  const auto tell_reverting = [&] {
    if (is_failing(order) && !std::exchange(reverting, true)) {
      events.push_back({EventKind::kReverting, {}, {}, reverting_at(order)});
    }
  };
  const Attempt* last = nullptr;
  for (const Attempt& attempt : order.attempts) {
    if (attempt.outcome == saga::Outcome::kNone) continue;  // under way
    if (is_undo(attempt.step) || attempt.step == Step::kFinish) tell_reverting();
    events.push_back({EventKind::kStep, attempt, strike_on(attempt, order), end_of(attempt)});
    last = &attempt;
  }
  tell_reverting();
  if (order.state == OrderState::kHeld && last != nullptr) {
    events.push_back({EventKind::kHeld, *last, {}, end_of(*last)});
  }
  if (order.stuck && !order.attempts.empty()) {  // at the step that is tried, be it just now
    events.push_back({EventKind::kStuck, order.attempts.back(), {}, end_of(order.attempts.back())});
  }
  if (is_final(order.state)) {
    const auto kind = order.state == OrderState::kCompleted ? EventKind::kCompleted : EventKind::kReverted;
    events.push_back({kind, {}, {}, order.finished_at.value_or(order.created_at)});
  }
  return events;
}

void append_event(std::string& out, const OrderEvent& event, const OrderView& order) {
  const std::string order_id = order.id.to_string();
  out += "{\"specversion\":\"1.0\",\"id\":\"";
  out.append(event_id(event, order)).append("\",\"source\":\"/v1/orders/").append(order_id);
  out.append("\",\"type\":\"").append(type_of(event.kind)).append("\",\"subject\":\"").append(order_id);
  out += "\",\"time\":";
  http::append_time(out, event.at);
  out += ",\"datacontenttype\":\"application/json\",\"data\":{\"order\":";
  append_order_facts(out, event, order);
  if (event.kind == EventKind::kStep) append_step(out, event);
  out += "}}";
}

void append_frame(std::string& out, std::string_view id, const OrderEvent& event, const OrderView& order) {
  out.append("id: ").append(id).append("\nevent: ").append(type_of(event.kind)).append("\ndata: ");
  append_event(out, event, order);
  out += "\n\n";
}

}  // namespace ldt::order
