// Turns decided commands into logs, spans and metrics.
// Depends on platform/telemetry.
#include "participant/server/reporter.h"

#include <string>

namespace ldt::participant {

Reporter::Reporter(telemetry::Telemetry& telemetry, const Terms& terms, const Clock& clock, std::uint64_t seed)
    : telemetry_(telemetry),
      terms_(terms),
      clock_(clock),
      spans_(telemetry.records_spans()),
      commands_(telemetry.counter("ldt.participant.commands", "{command}", "Commands answered, by step and outcome")),
      commit_duration_(telemetry.histogram("ldt.commit.duration", "s", "Duration of a COMMIT")),
      batch_size_(telemetry.histogram("ldt.batch.size", "{command}", "Commands made durable by one COMMIT")),
      random_state_(seed) {}

void Reporter::committed(std::chrono::nanoseconds duration, std::size_t commands) {
  commit_duration_.record(std::chrono::duration<double>(duration).count());
  batch_size_.record(static_cast<double>(commands));
}

void Reporter::report(const CommandReport& report, const Arrival& arrival, SteadyTime durable) {
  const std::string_view step = report.verb == Verb::kDo ? terms_.do_step : terms_.undo_step;
  const std::string_view outcome = outcome_of(report);
  commands_.add(1, {{"step", step}, {"outcome", outcome}});

  const bool traced = report.sender.valid();
  TraceContext own = report.sender;
  if (traced) own.span_id = make_span_id(next_random());
  const OrderId::Text order = report.order.text();
  body_.assign(step).append(" ").append(outcome);
  const bool failed = report.answer.error != CommandError::kNone || !report.struck.empty();
  const telemetry::Severity severity = failed ? telemetry::Severity::kWarn : telemetry::Severity::kInfo;
  const TraceContext* context = traced ? &own : nullptr;
  const telemetry::Attribute id{"order_id", std::string_view(order.data(), order.size())};
  const telemetry::Attribute of_step{"step", step};
  const telemetry::Attribute attempt{"attempt", static_cast<std::int64_t>(report.attempt)};
  const telemetry::Attribute with_outcome{"outcome", outcome};
  const telemetry::Attribute replayed{"replayed", report.answer.replayed};
  if (report.struck.empty()) {
    telemetry_.log(severity, body_, context, {id, of_step, attempt, with_outcome, replayed});
  } else {
    telemetry_.log(severity, body_, context, {id, of_step, attempt, with_outcome, replayed, {"struck", report.struck}});
  }
  if (!spans_ || !traced || !own.sampled) return;
  telemetry_.span({.name = step,
                   .kind = telemetry::SpanKind::kServer,
                   .context = own,
                   .parent = report.sender.span_id,
                   .start = arrival.wall,
                   .duration = durable - arrival.steady,
                   .failed = failed,
                   .status_detail = failed ? outcome : std::string_view{}},
                  {id, of_step, attempt, with_outcome, replayed, {"struck", report.struck}});
}

void Reporter::flush() { telemetry_.flush(std::chrono::milliseconds(200)); }

/// What the sender learns: SUCCESS, the service's refusal, or why there was no effect.
std::string_view Reporter::outcome_of(const CommandReport& report) const {
  if (report.struck == "TIMEOUT" || report.struck == "UNKNOWN") return report.struck;
  if (report.struck == "CRASH") return "UNKNOWN";
  if (report.answer.error == CommandError::kConflict) return "CONFLICT";
  if (report.answer.error == CommandError::kInvalid) return "INVALID";
  const OperationState state = report.answer.state;
  if (report.verb == Verb::kUndo || state == OperationState::kDone) return "SUCCESS";
  return state == OperationState::kRefused ? terms_.refusal : to_string(state);
}

/// SplitMix64: span ids need to differ, not to be secret.
std::uint64_t Reporter::next_random() {
  std::uint64_t z = (random_state_ += 0x9E3779B97F4A7C15ULL);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

}  // namespace ldt::participant
