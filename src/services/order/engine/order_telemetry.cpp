#include "services/order/engine/order_telemetry.h"

#include <algorithm>
#include <string>

#include "services/order/engine/attempt_span.h"

namespace ldt::order {

using saga::Outcome;
using telemetry::Severity;

namespace {

/// 0 where there is none, or the machine's clock was set back.
std::int64_t age_in_seconds(std::int64_t since_us) {
  if (since_us == 0) return 0;
  return std::max<std::int64_t>(0, (SystemClock{}.wall().us - since_us) / 1'000'000);
}

double seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

/// "payment.charge SUCCESS", until it is called again.
std::string_view body_of(std::string_view step, std::string_view outcome) {
  static thread_local std::string body;
  return body.assign(step).append(" ").append(outcome);
}

bool has_failed(const Attempt& attempt) {
  return attempt.outcome == Outcome::kTimeout || attempt.outcome == Outcome::kUnknown;
}

/// The kind of the instruction that struck an earlier attempt: one strikes the first attempts at its step, as many as
/// its count says.
std::string_view struck_by(const OrderRow& row, const Attempt& attempt) {
  const auto found = std::find_if(row.failures.begin(), row.failures.end(), [&](const StruckInstruction& failure) {
    return failure.instruction.step == attempt.step && attempt.number <= failure.struck;
  });
  return found == row.failures.end() ? std::string_view() : saga::to_string(found->instruction.kind);
}

WallTime last_sign_of(const OrderRow& row) {
  WallTime last = row.created_at;
  for (const Attempt& attempt : row.attempts) {
    last = std::max(last, WallTime{attempt.started_at.us + attempt.duration.count()});
  }
  return last;
}

/// An order's id as an attribute's value, without an allocation.
class IdText {
 public:
  explicit IdText(const OrderId& id) : text_(id.text()) {}
  [[nodiscard]] std::string_view view() const { return {text_.data(), text_.size()}; }

 private:
  OrderId::Text text_;
};

}  // namespace

OrderTelemetry::OrderTelemetry(telemetry::Telemetry& telemetry)
    : telemetry_(telemetry),
      orders_(telemetry.counter("ldt.orders", "{order}", "Orders that have ended, by outcome")),
      undos_(telemetry.counter("ldt.undos", "{undo}", "Undos that have been answered, by step")),
      step_duration_(
          telemetry.histogram("ldt.step.duration", "s", "Time of one attempt at a step, by step and outcome")),
      saga_duration_(telemetry.histogram("ldt.saga.duration", "s", "Time from acceptance to the end, by outcome")),
      commit_duration_(telemetry.histogram("ldt.commit.duration", "s", "Time of one transaction with its fsync")),
      batch_size_(telemetry.histogram("ldt.batch.size", "{command}", "Commands that shared one commit")) {
  telemetry.gauge("ldt.sagas.in_flight", "{order}", "Orders that have not ended",
                  [gauges = gauges_] { return gauges->in_flight.load(); });
  telemetry.gauge("ldt.sagas.held", "{order}", "Orders that wait for retry or cancel",
                  [gauges = gauges_] { return gauges->held.load(); });
  telemetry.gauge("ldt.sagas.stuck", "{order}", "Orders with an undo that keeps failing",
                  [gauges = gauges_] { return gauges->stuck.load(); });
  telemetry.gauge("ldt.sagas.oldest_age", "s", "Age of the oldest order that has not ended and is not held",
                  [gauges = gauges_] { return age_in_seconds(gauges->oldest_us.load()); });
  // So that the first of a kind is seen to be one more than none.
  for (auto outcome = Outcome::kSuccess; outcome <= Outcome::kCancelled;
       outcome = static_cast<Outcome>(static_cast<int>(outcome) + 1)) {
    orders_.add(0, {{"outcome", saga::to_string(outcome)}});
  }
  for (const auto& planned : saga::kPlan) undos_.add(0, {{"step", saga::to_string(planned.undo_step)}});
}

void OrderTelemetry::accepted(const OrderRow& row, bool recovered) {
  telemetry_.log(Severity::kInfo, recovered ? "order.accept RECOVERED" : "order.accept SUCCESS", &row.trace,
                 {{"order_id", IdText(row.id).view()},
                  {"step", "order.accept"},
                  {"attempt", std::int64_t{1}},
                  {"outcome", recovered ? "RECOVERED" : "SUCCESS"},
                  {"user", row.user.text()},
                  {"sku", row.sku.text()},
                  {"quantity", row.quantity.value},
                  {"total", row.total.value}});
  if (recovered && telemetry_.records_spans() && row.trace.sampled) recovered_span_of(row);
}

/// From the last that is stored of the order to this moment. What was before the crash hangs on the order's own span,
/// which it links to: spans that were under way then went with the process.
void OrderTelemetry::recovered_span_of(const OrderRow& row) {
  const WallTime now = SystemClock{}.wall();
  const WallTime since = last_sign_of(row);
  const auto salt = static_cast<std::uint64_t>(now.us);  // an order may be recovered more than once
  const IdText id(row.id);
  telemetry::Span span{.name = "order.recover", .kind = telemetry::SpanKind::kInternal, .context = row.trace};
  span.context.span_id = attempt_span(row.trace.span_id, saga::Step::kAccept, 1, salt);
  span.parent = row.trace.span_id;
  span.link = row.trace;
  span.start = since;
  span.duration = std::chrono::microseconds(std::max<std::int64_t>(0, now.us - since.us));
  telemetry_.span(span, {{"order_id", id.view()}, {"state", saga::to_string(row.state)}});
}

void OrderTelemetry::attempt_ended(const OrderRow& row, const Attempt& attempt, const SpanId& span,
                                   std::string_view struck, std::string_view error) {
  const auto step = saga::to_string(attempt.step);
  const auto outcome = saga::to_string(attempt.outcome);
  const bool failed = has_failed(attempt);
  const IdText id(row.id);
  const TraceContext context{row.trace.trace_id, span, row.trace.sampled};
  telemetry_.log(failed || !struck.empty() ? Severity::kWarn : Severity::kInfo, body_of(step, outcome), &context,
                 {{"order_id", id.view()},
                  {"step", step},
                  {"attempt", std::int64_t{attempt.number}},
                  {"outcome", outcome},
                  {"duration_us", std::int64_t{attempt.duration.count()}},
                  {"struck", struck},
                  {"error", error}});
  step_duration_.record(seconds(attempt.duration), {{"step", step}, {"outcome", outcome}});
  if (saga::is_undo(attempt.step) && !failed) undos_.add(1, {{"step", step}});
  if (telemetry_.records_spans() && row.trace.sampled) span_of(row, attempt, span, struck, error);
}

/// What was tried before the order was traced: its spans come late, under the ids that its attempts had.
void OrderTelemetry::promoted(const OrderRow& row, std::uint64_t span_salt) {
  for (const Attempt& attempt : row.attempts) {
    if (attempt.outcome == Outcome::kNone) continue;  // under way: its span comes when it ends
    span_of(row, attempt, attempt_span(row.trace.span_id, attempt.step, attempt.number, span_salt),
            struck_by(row, attempt), has_failed(attempt) ? saga::to_string(attempt.outcome) : std::string_view());
  }
}

void OrderTelemetry::span_of(const OrderRow& row, const Attempt& attempt, const SpanId& span, std::string_view struck,
                             std::string_view error) {
  const auto step = saga::to_string(attempt.step);
  const IdText id(row.id);
  const TraceContext context{row.trace.trace_id, span, row.trace.sampled};
  const bool own = attempt.step == saga::Step::kAccept || attempt.step == saga::Step::kFinish;
  const auto kind = own ? telemetry::SpanKind::kInternal : telemetry::SpanKind::kClient;
  telemetry::Span ended{.name = step, .kind = kind, .context = context};
  ended.parent = row.trace.span_id;
  ended.start = attempt.started_at;
  ended.duration = attempt.duration;
  ended.failed = has_failed(attempt);
  ended.status_detail = error;
  telemetry_.span(ended, {{"order_id", id.view()},
                          {"step", step},
                          {"attempt", std::int64_t{attempt.number}},
                          {"outcome", saga::to_string(attempt.outcome)},
                          {"struck", struck}});
}

void OrderTelemetry::ended(const OrderRow& row) {
  const auto outcome = saga::to_string(outcome_of(row));
  const auto state = saga::to_string(row.state);
  const IdText id(row.id);
  const auto finished = row.finished_at.value_or(row.created_at);
  const auto duration = std::chrono::microseconds(finished.us - row.created_at.us);
  telemetry_.log(Severity::kInfo, body_of("order.finish", state), &row.trace,
                 {{"order_id", id.view()},
                  {"step", "order.finish"},
                  {"attempt", std::int64_t{1}},
                  {"outcome", outcome},
                  {"state", state},
                  {"duration_us", std::int64_t{duration.count()}}});
  orders_.add(1, {{"outcome", outcome}});
  saga_duration_.record(seconds(duration), {{"outcome", outcome}});
  if (!telemetry_.records_spans() || !row.trace.sampled) return;
  telemetry::Span saga{.name = "order.saga", .kind = telemetry::SpanKind::kServer, .context = row.trace};
  saga.parent = row.caller_span;
  saga.start = row.created_at;
  saga.duration = duration;
  saga.failed = row.state == saga::OrderState::kReverted;
  saga.status_detail = outcome;
  telemetry_.span(saga, {{"order_id", id.view()},
                         {"outcome", outcome},
                         {"state", state},
                         {"user", row.user.text()},
                         {"sku", row.sku.text()}});
}

void OrderTelemetry::needs_attention(const OrderRow& row, std::string_view what) {
  telemetry_.log(Severity::kWarn, body_of("order needs attention:", what), &row.trace,
                 {{"order_id", IdText(row.id).view()},
                  {"step", saga::to_string(row.failed_step.value_or(saga::Step::kAccept))},
                  {"outcome", saga::to_string(row.reason)}});
}

void OrderTelemetry::committed(std::chrono::nanoseconds duration, std::size_t writes) {
  commit_duration_.record(seconds(duration));
  batch_size_.record(static_cast<double>(writes));
}

void OrderTelemetry::storage_failed(std::string_view error) {
  telemetry_.log(Severity::kError, "the order store failed; rolled back, will be tried again", nullptr,
                 {{"error", error}});
}

void OrderTelemetry::rests(const InFlight& in_flight) {
  gauges_->in_flight.store(static_cast<std::int64_t>(in_flight.orders), std::memory_order_relaxed);
  gauges_->held.store(static_cast<std::int64_t>(in_flight.held), std::memory_order_relaxed);
  gauges_->oldest_us.store(in_flight.oldest.value_or(WallTime{}).us, std::memory_order_relaxed);
  gauges_->stuck.store(static_cast<std::int64_t>(in_flight.stuck), std::memory_order_relaxed);
}

}  // namespace ldt::order
