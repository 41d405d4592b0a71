// When a batch that a receiver did not take for the moment is sent again.
// Pure: time and chance are arguments. Source: OTLP specification, "OTLP/gRPC Throttling" and "OTLP/HTTP Throttling".
// Invariant: nothing is sent before the receiver's own wish, and what has a last attempt comes to it.
#pragma once

#include <chrono>
#include <limits>
#include <string_view>

#include "base/clock.h"

namespace ldt::telemetry {

struct RetrySettings {
  static constexpr unsigned kForEver = std::numeric_limits<unsigned>::max();

  unsigned attempts = 5;
  std::chrono::milliseconds first{1'000};    // the longest pause after the first attempt, ...
  double factor = 1.5;                       // ... and how much longer that after the next one is, ...
  std::chrono::milliseconds longest{5'000};  // ... up to this
};

/// What a receiver may ask for at most: one that is mistaken does not silence us for good.
inline constexpr std::chrono::milliseconds kLongestWish{300'000};

/// The pauses between the attempts at one batch.
class Retries {
 public:
  explicit Retries(const RetrySettings& settings) : settings_(settings), pause_(settings.first) {}

  /// Counts an attempt that failed. The pause before anything is sent again, this batch or the next one.
  /// @param wish    how long the receiver asked to be left alone; 0: it did not
  /// @param chance  from 0 to 1, at random: between half of the pause and all of it
  [[nodiscard]] std::chrono::milliseconds pause_after_failure(std::chrono::milliseconds wish, double chance);
  /// True once that was the last attempt.
  [[nodiscard]] bool over() const { return failed_ >= settings_.attempts; }

 private:
  const RetrySettings settings_;
  std::chrono::duration<double, std::milli> pause_;
  unsigned failed_ = 0;
};

/// What a Retry-After header asks for: seconds, or a date (RFC 9110). 0 where it makes no sense.
[[nodiscard]] std::chrono::milliseconds retry_after(std::string_view header, WallTime now);

}  // namespace ldt::telemetry
