// Ends what waits for a peer when the process wants to stop.
// Depends on nothing. Invariant: after stop_by(t) nobody waits here beyond t.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>

namespace ldt::telemetry {

class StopSwitch {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  void stop_by(TimePoint time) {
    const std::lock_guard lock(mutex_);
    stop_at_ = time;
    changed_.notify_all();
  }
  [[nodiscard]] bool stopped() {
    const std::lock_guard lock(mutex_);
    return stop_at_ && std::chrono::steady_clock::now() >= *stop_at_;
  }

  /// Waits a while; true where it is time to come to an end.
  [[nodiscard]] bool pause(std::chrono::milliseconds duration) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, duration, [&] { return stop_at_.has_value(); });
  }

  /// Sets `done`, which somebody may be waiting for.
  void signal(bool& done) {
    const std::lock_guard lock(mutex_);
    done = true;
    changed_.notify_all();  // under the lock: `done` is gone as soon as the waiter sees it
  }
  /// Waits for `done`; false where it is time to stop.
  [[nodiscard]] bool wait(const bool& done) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return done || stop_at_; });
    return done || changed_.wait_until(lock, *stop_at_, [&] { return done; });
  }
  /// Waits for `done` come what may.
  void wait_on(const bool& done) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return done; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<TimePoint> stop_at_;
};

}  // namespace ldt::telemetry
