#include "services/order/http/order_json.h"

#include <algorithm>
#include <array>

#include "base/append_text.h"
#include "platform/http/json_writer.h"
#include "services/order/http/cursor.h"

namespace ldt::order {
namespace {

using http::append_bool;
using http::append_integer;
using http::append_string;
using http::append_string_or_null;
using http::append_time;
using http::Comma;

constexpr std::size_t kOrderBytes = 1024;  // a finished order takes about 900

/// Words of the vocabulary need no escape.
void append_word(std::string& out, std::string_view word) {
  if (word.empty()) {
    out += "null";
    return;
  }
  out.push_back('"');
  out.append(word).push_back('"');
}

void append_member(std::string& out, std::string_view name_and_colon, std::int64_t value) {
  out += name_and_colon;
  append_integer(out, value);
}

/// The attempts at one step, together.
struct StepGroup {
  const Attempt* first = nullptr;
  const Attempt* last = nullptr;
  std::uint32_t attempts = 0;
};

struct Steps {
  std::array<StepGroup, saga::kStepCount> groups{};
  std::array<saga::Step, saga::kStepCount> order{};  // in which they began
  std::size_t count = 0;
};

Steps group(const std::vector<Attempt>& attempts) {
  Steps steps;
  for (const Attempt& attempt : attempts) {
    auto& group = steps.groups[static_cast<std::size_t>(attempt.step)];
    if (group.first == nullptr) {
      group.first = &attempt;
      steps.order[steps.count++] = attempt.step;
    }
    group.last = &attempt;
    ++group.attempts;
  }
  return steps;
}

/// The order's own steps are shown only where something was the matter with them.
bool is_shown(const StepGroup& group) {
  const bool own = group.first->step == saga::Step::kAccept || group.first->step == saga::Step::kFinish;
  const bool clean = group.last->outcome == saga::Outcome::kSuccess || group.last->outcome == saga::Outcome::kNone;
  return !own || group.attempts > 1 || !clean;
}

void append_timing(std::string& out, WallTime started_at, std::chrono::microseconds duration, bool ended) {
  out += ",\"started_at\":";
  append_time(out, started_at);
  out += ",\"duration_us\":";
  if (ended) {
    append_integer(out, duration.count());
  } else {
    out += "null";
  }
}

void append_tries(std::string& out, const std::vector<Attempt>& attempts, saga::Step step) {
  out += ",\"tries\":[";
  Comma comma;
  for (const Attempt& attempt : attempts) {
    if (attempt.step != step) continue;
    comma(out);
    out += "{\"outcome\":";
    append_word(out, saga::to_string(attempt.outcome));
    append_timing(out, attempt.started_at, attempt.duration, attempt.outcome != saga::Outcome::kNone);
    out.push_back('}');
  }
  out.push_back(']');
}

void append_step(std::string& out, const StepGroup& group, const std::vector<Attempt>& attempts) {
  const Attempt& last = *group.last;
  out += "{\"step\":";
  append_word(out, saga::to_string(last.step));
  out += ",\"outcome\":";
  append_word(out, saga::to_string(last.outcome));
  append_member(out, ",\"attempts\":", std::max(group.attempts, last.number));
  // From the first attempt's begin to the last one's end, the pauses between them included.
  const std::chrono::microseconds waited(last.started_at.us - group.first->started_at.us);
  append_timing(out, group.first->started_at, std::max(waited, {}) + last.duration,
                last.outcome != saga::Outcome::kNone);
  if (group.attempts > 1) append_tries(out, attempts, last.step);
  out.push_back('}');
}

void append_steps(std::string& out, const std::vector<Attempt>& attempts) {
  const Steps steps = group(attempts);
  Comma comma;
  out += ",\"steps\":[";
  for (std::size_t i = 0; i < steps.count; ++i) {
    const StepGroup& group = steps.groups[static_cast<std::size_t>(steps.order[i])];
    if (!is_shown(group)) continue;
    comma(out);
    append_step(out, group, attempts);
  }
  out.push_back(']');
}

void append_failure(std::string& out, const StruckInstruction& failure) {
  const auto& instruction = failure.instruction;
  out += "{\"step\":";
  append_word(out, saga::to_string(instruction.step));
  out += ",\"kind\":";
  append_word(out, saga::to_string(instruction.kind));
  out += ",\"effect\":";
  append_word(out, saga::to_string(instruction.effect));
  out += ",\"attempts\":";
  if (instruction.attempts.value_or(0) == 0) {
    out += "null";  // every attempt
  } else {
    append_integer(out, *instruction.attempts);
  }
  if (instruction.delay) append_member(out, ",\"delay_ms\":", instruction.delay->count());
  if (instruction.outcome) {
    out += ",\"outcome\":";
    append_word(out, saga::to_string(*instruction.outcome));
  }
  append_member(out, ",\"struck\":", failure.struck);
  out.push_back('}');
}

void append_failures(std::string& out, const std::vector<StruckInstruction>& failures) {
  out += ",\"failures\":[";
  Comma comma;
  for (const auto& failure : failures) {
    comma(out);
    append_failure(out, failure);
  }
  out.push_back(']');
}

void append_handling(std::string& out, const saga::Handling& handling) {
  append_member(out, ",\"handling\":{\"max_attempts\":", handling.max_attempts);
  append_member(out, ",\"step_timeout_ms\":", handling.step_timeout.count());
  out += ",\"on_failure\":";
  append_word(out, saga::to_string(handling.on_failure));
  out.push_back('}');
}

void append_state(std::string& out, const OrderView& order) {
  out += ",\"state\":";
  append_word(out, saga::to_string(order.state));
  out += ",\"outcome\":";
  append_word(out, saga::to_string(saga::is_final(order.state) ? order.outcome : saga::Outcome::kNone));
  if (order.state == saga::OrderState::kHeld || order.state == saga::OrderState::kReverting) {
    out += ",\"reason\":";
    append_word(out, saga::to_string(order.reason));
  }
  out += ",\"failed_step\":";
  append_word(out, order.failed_step ? saga::to_string(*order.failed_step) : std::string_view());
  out += ",\"stuck\":";
  append_bool(out, order.stuck);
}

void append_saga(std::string& out, const Saga& saga) {
  out += "{\"order_id\":\"";
  out += saga.id.to_string();
  out += "\",\"state\":";
  append_word(out, saga::to_string(saga.state));
  out += ",\"stuck\":";
  append_bool(out, saga.stuck);
  out += ",\"step\":";
  append_word(out, saga::to_string(saga.step));
  append_member(out, ",\"attempts\":", saga.attempts);
  out += ",\"last_error\":";
  append_string_or_null(out, saga.last_error);
  out += ",\"created_at\":";
  append_time(out, saga.created_at);
  out.push_back('}');
}

void append_violation(std::string& out, const Violation& violation) {
  out += "{\"order_id\":";
  append_word(out, violation.order ? violation.order->to_string() : std::string());
  out += ",\"rule\":";
  append_string(out, violation.rule);
  out += ",\"detail\":";
  append_string(out, violation.detail);
  out.push_back('}');
}

}  // namespace

void append_order(std::string& out, const OrderView& order) {
  out += "{\"id\":\"";
  const auto id = order.id.text();
  out.append(id.data(), id.size());
  out += "\",\"user\":";
  append_string(out, order.user.text());
  out += ",\"sku\":";
  append_string(out, order.sku.text());
  append_member(out, ",\"quantity\":", order.quantity.value);
  append_member(out, ",\"unit_price\":", order.unit_price.value);
  append_member(out, ",\"total\":", order.total.value);
  append_state(out, order);
  append_steps(out, order.attempts);
  append_failures(out, order.failures);
  append_handling(out, order.handling);
  out += ",\"trace_id\":\"";
  append_hex(out, order.trace_id);
  out += "\",\"created_at\":";
  append_time(out, order.created_at);
  out += ",\"finished_at\":";
  if (order.finished_at) {
    append_time(out, *order.finished_at);
  } else {
    out += "null";
  }
  out.push_back('}');
}

std::string order_json(const OrderView& order) {
  std::string out;
  out.reserve(kOrderBytes);
  append_order(out, order);
  return out;
}

std::string orders_json(const ListPage& page) {
  std::string out = "{\"orders\":[";
  out.reserve(kOrderBytes * (page.orders.size() + 1));
  Comma comma;
  for (const OrderView& order : page.orders) {
    comma(out);
    append_order(out, order);
  }
  out += "],\"next_cursor\":";
  append_word(out, page.next_before ? order_cursor(*page.next_before) : std::string());
  out.push_back('}');
  return out;
}

std::string sagas_json(const std::vector<Saga>& sagas) {
  std::string out = "{\"sagas\":[";
  Comma comma;
  for (const Saga& saga : sagas) {
    comma(out);
    append_saga(out, saga);
  }
  out += "]}";
  return out;
}

std::string audit_json(const AuditReport& report) {
  std::string out = "{\"ok\":";
  append_bool(out, report.ok);
  append_member(out, ",\"credits\":{\"granted\":", report.credits.granted);
  append_member(out, ",\"balances\":", report.credits.balances);
  append_member(out, ",\"completed_charges\":", report.credits.completed_charges);
  append_member(out, ",\"charges_in_flight\":", report.credits.charges_in_flight);
  append_member(out, "},\"stock\":{\"put_in\":", report.stock.put_in);
  append_member(out, ",\"on_hand\":", report.stock.on_hand);
  append_member(out, ",\"reserved\":", report.stock.reserved);
  append_member(out, ",\"sold\":", report.stock.sold);
  out += "},\"orders\":{";
  Comma comma;
  for (std::size_t i = 0; i < report.orders.size(); ++i) {
    comma(out);
    append_word(out, saga::to_string(static_cast<saga::OrderState>(i)));
    append_member(out, ":", report.orders[i]);
  }
  out += "},\"violations\":[";
  Comma between;
  for (const Violation& violation : report.violations) {
    between(out);
    append_violation(out, violation);
  }
  out += "]}";
  return out;
}

}  // namespace ldt::order
