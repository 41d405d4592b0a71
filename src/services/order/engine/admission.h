// How many orders may be in flight: as many as are allowed at most, and fewer while participants answer slowly, before
// the deadlines of steps expire only because so many wait, and retries make it worse. Pure: time arrives as an
// argument. Invariant: never more than the most, never fewer than a few batches' worth.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "base/clock.h"

namespace ldt::order {

class Admission {
 public:
  static constexpr std::size_t kFew = 1'536;  // more than the batches that bring throughput
  static constexpr std::chrono::milliseconds kSlow{200};

  explicit Admission(std::size_t most) : most_(most), fewest_(std::min(most, kFew)), limit_(most) {}

  [[nodiscard]] bool admits(std::size_t in_flight) const { return in_flight < limit_; }
  [[nodiscard]] std::size_t limit() const { return limit_; }

  /// A participant answered a command that nothing was told to delay: less quickly, the more are in flight. One cut for
  /// each time span that it takes to show; then back step by step.
  void answered(std::chrono::nanoseconds took, std::size_t in_flight, SteadyTime now) {
    if (took >= kSlow) {
      if (now < next_cut_) return;
      limit_ = std::clamp(std::min(limit_, in_flight) * 3 / 4, fewest_, most_);
      next_cut_ = now + kSlow;
    } else if (took < kSlow / 2 && limit_ < most_ && ++quick_ >= kQuickForOneMore) {
      quick_ = 0;
      ++limit_;
    }
  }

 private:
  static constexpr unsigned kQuickForOneMore = 16;

  const std::size_t most_;
  const std::size_t fewest_;
  std::size_t limit_;
  unsigned quick_ = 0;
  SteadyTime next_cut_{};
};

}  // namespace ldt::order
