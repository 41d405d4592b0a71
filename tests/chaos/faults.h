// What goes wrong, and when: a schedule from a seed, and a thread that carries it out.
// Invariant: what was stopped goes on and what was killed is started again before finish() returns.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "chaos/generator.h"
#include "chaos/stalled.h"
#include "support/marketplace.h"

namespace ldt::testing {

enum class FaultKind { kKill, kStop, kKillAll, kKillSupervisor, kKillEverything, kStall };

struct Fault {
  double at = 0;  // seconds after the begin
  FaultKind kind = FaultKind::kKill;
  std::string service;  // for kKill and kStop
  double seconds = 0;   // for kStop and kStall
};

/// The same seed makes the same schedule. At least `kills` of it are kKill, if there is time for one every 0.6 s.
[[nodiscard]] std::vector<Fault> make_schedule(std::uint64_t seed, double seconds, int kills);
/// "kill -9 payment"
[[nodiscard]] std::string describe(const Fault& fault);

class Faults {
 public:
  Faults(Marketplace& market, Generator& generator, std::vector<Fault> schedule);

  /// True once the whole schedule was carried out.
  [[nodiscard]] bool done() const { return done_; }
  /// Waits for the end; when the last fault was over.
  SteadyClock::time_point finish();
  /// What just happened, in words; empty: nothing since the last call.
  std::string take_news();
  [[nodiscard]] int killed() const { return killed_; }  // processes
  /// How many of each kind.
  [[nodiscard]] std::map<std::string, int> counts() const;
  /// What could not be carried out.
  [[nodiscard]] std::string trouble() const;

 private:
  void run(const std::stop_token& stop);
  void carry_out(const Fault& fault);
  void kill_now(const std::string& service);
  void stop_for_a_while(const Fault& fault);
  void restart_supervisor();
  void over(const std::string& what);

  Marketplace& market_;
  Generator& generator_;
  const std::vector<Fault> schedule_;
  std::atomic<bool> done_{false};
  std::atomic<int> killed_{0};
  mutable std::mutex mutex_;  // of what follows
  std::map<std::string, int> counts_;
  std::string news_, trouble_;
  SteadyClock::time_point last_over_ = SteadyClock::now();
  Stalled stalled_;
  std::vector<std::jthread> continuing_;
  std::jthread thread_;
};

}  // namespace ldt::testing
