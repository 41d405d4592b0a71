// The load: a thread that places the orders of a Traffic, as fast as they are answered (closed loop) or as they arrive
// (open loop), asks again under the same key until each is acknowledged, and now and then asks for what it knows.
// Invariant: an order that was begun is asked for until it is acknowledged, or finish() gives up and says so.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <queue>
#include <thread>
#include <vector>

#include "chaos/traffic.h"
#include "chaos/wire.h"

namespace ldt::testing {

struct Percentiles {
  double p50 = 0, p95 = 0, p99 = 0, worst = 0;  // ms, from when an order was due until it was acknowledged
};

/// What is told once it works again after a fault.
struct Recovery {
  std::string what;
  SteadyClock::time_point since;
  double seconds = -1;  // until an order that was begun afterwards completed; -1: not yet
};

class Generator {
 public:
  Generator(const std::string& host_and_port, Traffic& traffic);
  ~Generator();
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  /// So many orders under way at all times. Returns when told to go on otherwise.
  void run_closed(int orders_at_a_time);
  void run_open(int rate);
  /// No new orders.
  void pause();
  /// Until every order is acknowledged, or the deadline. How many are not.
  std::size_t finish(SteadyClock::time_point deadline);

  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }
  [[nodiscard]] std::uint64_t ended() const { return ended_; }  // acknowledged with their end
  [[nodiscard]] std::uint64_t retried() const { return retried_; }
  [[nodiscard]] std::uint64_t turned_away() const { return turned_away_; }  // for want of room here
  [[nodiscard]] std::size_t waiting() const { return waiting_; }
  /// Why requests were sent again since the last call: "3 x 503 Service Unavailable, 1 x no answer".
  std::string take_failures();
  /// Of what was acknowledged since the last call.
  Percentiles take_latencies();
  void expect_recovery(const std::string& what);
  [[nodiscard]] std::vector<Recovery> recoveries() const;

 private:
  enum class Kind : std::uint8_t { kPlace, kReplay, kLook };
  struct Task {
    std::uint32_t order = 0;
    Kind kind = Kind::kPlace;
    SteadyClock::time_point due;   // at first: what its latency is counted from
    SteadyClock::time_point when;  // it is asked for (again)
    int tries = 0;                 // that came to nothing
    bool operator>(const Task& other) const { return when > other.when; }
  };
  struct Begun {
    Task task;
    SteadyClock::time_point at;
  };

  void run(const std::stop_token& stop);
  void let_arrive(SteadyClock::time_point now);
  void begin_tasks(SteadyClock::time_point now);
  void concluded(std::uint64_t ticket, const WireAnswer& answer);
  void placed(const Begun& begun, const WireAnswer& answer);
  void note_failure(const WireAnswer& answer);
  void acknowledge(const Begun& begun, int status);
  void again(Task task, std::chrono::milliseconds after);
  void note_recovery(SteadyClock::time_point begun, SteadyClock::time_point now);
  void new_order(SteadyClock::time_point due);

  Traffic& traffic_;
  std::atomic<int> rate_{0}, at_a_time_{0};
  std::atomic<std::uint64_t> acknowledged_{0}, ended_{0}, retried_{0}, turned_away_{0};
  std::atomic<std::size_t> waiting_{0}, unacknowledged_{0};

  mutable std::mutex mutex_;  // of the latencies and recoveries
  std::vector<float> latencies_;
  std::map<std::string, std::uint64_t> failures_;
  std::vector<Recovery> recoveries_;
  std::atomic<bool> recovering_{false};

  // The thread's own.
  Wire wire_;
  std::deque<Task> ready_;
  std::priority_queue<Task, std::vector<Task>, std::greater<>> later_;
  std::vector<Begun> begun_;
  std::vector<std::uint64_t> free_tickets_;
  SteadyClock::time_point next_arrival_;
  int arriving_at_ = 0;

  std::jthread thread_;
};

}  // namespace ldt::testing
