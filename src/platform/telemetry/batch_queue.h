// Hands what many threads push to one thread of its own, in batches.
// Depends on nothing. A Batch is anything with size(), empty() and clear() that can be swapped: a vector, a string.
// Invariant: push() never waits for the consumer; what finds no room is refused, and the caller counts it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace ldt::telemetry {

template <class Batch>
class BatchQueue {
 public:
  struct Limits {
    std::size_t capacity = 0;           // Batch::size() beyond which only important items are taken
    std::size_t reserve = 0;            // room of the important ones above it
    std::size_t wake_at = 0;            // a batch of this size leaves at once, ...
    std::chrono::milliseconds delay{};  // ... a smaller one after this time
  };

  /// `consume` runs on the queue's thread, one batch at a time.
  BatchQueue(Limits limits, std::function<void(Batch&)> consume)
      : limits_(limits), consume_(std::move(consume)), thread_([this] { run(); }) {}
  ~BatchQueue() { stop(); }
  BatchQueue(const BatchQueue&) = delete;
  BatchQueue& operator=(const BatchQueue&) = delete;

  /// Calls `append(Batch&)` under the lock, or returns false where there is no room.
  template <class Append>
  bool push(bool important, Append&& append) {
    bool wake = false;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_ || pending_.size() >= limits_.capacity + (important ? limits_.reserve : 0)) return false;
      const bool first = pending_.empty();
      append(pending_);
      ++pushed_;
      const bool full = !hurry_ && pending_.size() >= limits_.wake_at;
      hurry_ = hurry_ || full;
      wake = first || full;
    }
    if (wake) wake_.notify_one();
    return true;
  }

  /// Waits until all that was pushed before has been consumed, or the deadline has passed.
  bool flush(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    const std::uint64_t target = pushed_;
    hurry_ = true;
    wake_.notify_one();
    return drained_.wait_until(lock, deadline, [&] { return consumed_ >= target; });
  }

  /// Refuses what comes from now on; the thread ends when it has consumed the rest.
  void begin_stop() {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  void stop() {
    begin_stop();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return stopping_ || !pending_.empty(); });
      if (pending_.empty()) return;
      wake_.wait_for(lock, limits_.delay, [this] { return stopping_ || hurry_; });
      hurry_ = false;
      std::swap(pending_, taken_);
      const std::uint64_t consumed = pushed_;
      lock.unlock();
      consume_(taken_);
      taken_.clear();
      lock.lock();
      consumed_ = consumed;
      drained_.notify_all();
    }
  }

  const Limits limits_;
  const std::function<void(Batch&)> consume_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable drained_;
  Batch pending_;
  Batch taken_;  // used by the thread alone, without the lock
  std::uint64_t pushed_ = 0;
  std::uint64_t consumed_ = 0;
  bool hurry_ = false;
  bool stopping_ = false;
  std::thread thread_;  // the last member: it starts when all others are there
};

}  // namespace ldt::telemetry
