// When to try again: exponential backoff with full jitter, under a budget that all orders share.
// Pure: time and randomness arrive as arguments.
// Invariant: retries in sum never exceed the budget's rate, however many orders fail at once; nobody retries elsewhere.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace ldt::order {

struct BackoffLimits {
  std::chrono::milliseconds first{20};
  std::chrono::milliseconds cap{5'000};
};

/// Uniform in [0, min(cap, first * 2^(failed_attempts - 1))].
[[nodiscard]] inline std::chrono::microseconds full_jitter(const BackoffLimits& limits, std::uint32_t failed_attempts,
                                                           std::uint64_t random) {
  const std::uint32_t doublings = std::min<std::uint32_t>(failed_attempts == 0 ? 0 : failed_attempts - 1, 20);
  const auto ceiling = std::min<std::chrono::microseconds>(limits.cap, limits.first * (1LL << doublings));
  return std::chrono::microseconds(static_cast<std::int64_t>(random % static_cast<std::uint64_t>(ceiling.count() + 1)));
}

/// A bucket of `burst` retries that refills at `per_second`.
class RetryBudget {
 public:
  RetryBudget(double per_second, double burst) : per_second_(per_second), burst_(burst), level_(burst) {}

  /// Takes one retry; returns how long it has to wait beyond its own backoff until the budget covers it.
  [[nodiscard]] std::chrono::microseconds take(SteadyTime now) {
    if (last_ != SteadyTime{}) {
      level_ = std::min(burst_, level_ + per_second_ * std::chrono::duration<double>(now - last_).count());
    }
    last_ = now;
    level_ -= 1;
    if (level_ >= 0) return std::chrono::microseconds(0);
    return std::chrono::microseconds(static_cast<std::int64_t>(-level_ / per_second_ * 1e6));
  }

 private:
  double per_second_;
  double burst_;
  double level_;
  SteadyTime last_{};
};

}  // namespace ldt::order
