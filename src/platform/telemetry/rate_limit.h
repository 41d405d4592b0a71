// At most so many of something a second, whoever asks.
// Depends on nothing; time is an argument. Invariant: thread-safe, and never waits.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace ldt::telemetry {

class RateLimit {
 public:
  /// @param per_second  above zero; as many may come at once
  explicit RateLimit(std::int64_t per_second) : interval_(kSecond / per_second) {}

  /// True where there is one left.
  [[nodiscard]] bool take(SteadyTime now) {
    const std::int64_t at = std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
    std::int64_t next = next_.load(std::memory_order_relaxed);
    std::int64_t begin = 0;
    do {
      begin = std::max(next, at);
      if (begin - at >= kSecond) return false;
    } while (!next_.compare_exchange_weak(next, begin + interval_, std::memory_order_relaxed));
    return true;
  }

 private:
  static constexpr std::int64_t kSecond = 1'000'000'000;

  const std::int64_t interval_;        // nanoseconds
  std::atomic<std::int64_t> next_{0};  // when all that was taken is paid for
};

}  // namespace ldt::telemetry
