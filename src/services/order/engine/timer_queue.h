// Timers by the time at which they are due. Most are set and never needed, and most of them for one of a few spans:
// these wait in queues, where setting one costs next to nothing; the rest waits in a heap.
// Pure. Invariant: top() is the earliest of all; those due at the same time come in no particular order.
#pragma once

#include <array>
#include <chrono>
#include <deque>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace ldt::order {

/// `Timer` has a member `SteadyTime at` and operator>, which compares it.
template <class Timer>
class TimerQueue {
 public:
  /// Sets a timer that is due `span` after now. It is cheap where now never goes back and the span is a common one.
  void push(Timer timer, std::chrono::microseconds span) {
    Lane* lane = lane_of(span);
    if (lane == nullptr || (!lane->timers.empty() && lane->timers.back().at > timer.at)) {
      heap_.push(std::move(timer));
    } else {
      lane->timers.push_back(std::move(timer));
    }
  }

  [[nodiscard]] bool empty() const {
    for (const Lane& lane : lanes_) {
      if (!lane.timers.empty()) return false;
    }
    return heap_.empty();
  }

  /// The earliest; there must be one.
  [[nodiscard]] const Timer& top() const {
    const Lane* lane = earliest();
    return lane != nullptr ? lane->timers.front() : heap_.top();
  }

  void pop() {
    if (Lane* lane = earliest()) {
      lane->timers.pop_front();
    } else {
      heap_.pop();
    }
  }

 private:
  struct Lane {
    std::chrono::microseconds span{};
    std::deque<Timer> timers;  // in the order of their times
  };

  /// The span's own lane, or an empty one that becomes it; nullptr where all are taken.
  Lane* lane_of(std::chrono::microseconds span) {
    Lane* empty = nullptr;
    for (Lane& lane : lanes_) {
      if (lane.span == span) return &lane;
      if (empty == nullptr && lane.timers.empty()) empty = &lane;
    }
    if (empty != nullptr) empty->span = span;
    return empty;
  }

  /// nullptr where the heap has the earliest.
  [[nodiscard]] const Lane* earliest() const {
    const Lane* first = nullptr;
    for (const Lane& lane : lanes_) {
      if (!lane.timers.empty() && (first == nullptr || first->timers.front() > lane.timers.front())) first = &lane;
    }
    if (first != nullptr && !heap_.empty() && first->timers.front() > heap_.top()) return nullptr;
    return first;
  }
  [[nodiscard]] Lane* earliest() { return const_cast<Lane*>(std::as_const(*this).earliest()); }

  std::array<Lane, 8> lanes_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> heap_;
};

}  // namespace ldt::order
