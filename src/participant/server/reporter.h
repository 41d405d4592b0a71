// What a participant tells about itself: one log record and one span per command, and metrics.
// Depends on platform/telemetry. Only on the thread that performs just then (writer.h).
// Invariant: a command's log record and its span carry the same span id, a child of the span that sent the command.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/trace_context.h"
#include "participant/participant.h"
#include "participant/rules.h"
#include "platform/telemetry/telemetry.h"

namespace ldt::participant {

/// When something arrived, on both clocks.
struct Arrival {
  SteadyTime steady;
  WallTime wall;
};

/// A command that has been decided, made durable and is about to be answered.
struct CommandReport {
  const OrderId& order;
  Verb verb = Verb::kDo;
  std::uint32_t attempt = 0;
  TraceContext sender;  // the span that sent it; not valid: none
  Answer answer;
  std::string_view struck;  // the kind of the instruction that struck; empty: none
};

class Reporter {
 public:
  Reporter(telemetry::Telemetry& telemetry, const Terms& terms, const Clock& clock, std::uint64_t seed);

  [[nodiscard]] Arrival arrived() const { return {clock_.steady(), clock_.wall()}; }
  void committed(std::chrono::nanoseconds duration, std::size_t commands);
  [[nodiscard]] SteadyTime now() const { return clock_.steady(); }
  /// @param durable  when its effect was
  void report(const CommandReport& report, const Arrival& arrival, SteadyTime durable);
  /// Sees off what was reported, before the process ends itself; not for long.
  void flush();

 private:
  [[nodiscard]] std::string_view outcome_of(const CommandReport& report) const;
  [[nodiscard]] std::uint64_t next_random();

  telemetry::Telemetry& telemetry_;
  const Terms& terms_;
  const Clock& clock_;
  const bool spans_;
  telemetry::Counter& commands_;
  telemetry::Histogram& commit_duration_;
  telemetry::Histogram& batch_size_;
  std::uint64_t random_state_;
  std::string body_;  // of the record under way
};

}  // namespace ldt::participant
