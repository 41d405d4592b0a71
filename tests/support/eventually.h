// Waits for a condition, with a deadline: what tests do instead of sleeping.
#pragma once

#include <chrono>
#include <thread>

namespace ldt::testing {

inline constexpr std::chrono::seconds kPatience{20};

/// True as soon as `condition()` is; false once `patience` has passed without it.
template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds patience = kPatience) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + patience;
  while (!condition()) {
    if (Clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace ldt::testing
