// Keeps the services running until it is told to stop.
//   STARTING --ready--> READY --signal--> STOPPING
//   STARTING --signal, a service that cannot start, too long--> STOPPING
// One thread: the death signal of the children is bound to it. Waits for signals, output and times in one place.
// Invariant: when run() has returned, no service lives.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ldt/processes/data_folder.h"
#include "ldt/processes/marketplace.h"
#include "ldt/processes/service.h"
#include "platform/process/signals.h"

namespace ldt {

class Supervisor {
 public:
  /// @param on_ready  called once, when all services answer
  Supervisor(const DataFolder& data, std::vector<ServicePlan> plans, Marketplace& marketplace,
             std::function<void(std::chrono::milliseconds took)> on_ready);

  /// Output and events of services go to stderr with the time, and output is not repeated: for the background.
  void set_background() { background_ = true; }

  /// How long the start may take.
  void set_ready_within(std::chrono::seconds time) { ready_within_ = time; }

  /// Runs until SIGTERM, SIGINT or SIGHUP.
  /// @return the exit code: kExitCannot where the services did not become ready.
  int run();

 private:
  void look_after();
  bool start_allowed();
  /// Tiers above that of a task wait for its end.
  [[nodiscard]] Tier highest_allowed() const;
  [[nodiscard]] const Service* next_task() const;
  void wait_for_events(SteadyTime until);
  void notice_ends();
  void notice_end(Service& service, const process::Ended& ended);
  void restart_due();
  void try_again(Service& service, const std::string& why);
  void probe_due();
  void say_progress(SteadyTime now);
  void give_up(const std::string& why);
  void stop_all();
  void stop(const std::vector<Service*>& services);
  [[nodiscard]] std::string waits_for() const;
  [[nodiscard]] SteadyTime next_event() const;
  void report(const std::string& text) const;

  enum class Phase { kStarting, kReady, kStopping };

  process::Signals signals_;
  std::vector<Service> services_;
  Marketplace& marketplace_;
  std::function<void(std::chrono::milliseconds)> on_ready_;
  SystemClock clock_;
  Phase phase_ = Phase::kStarting;
  bool background_ = false;
  bool hurry_ = false;  // a second signal: stop without patience
  int exit_code_ = 0;
  std::chrono::seconds ready_within_{30};
  std::optional<Tier> started_;  // all services up to this one were
  SteadyTime started_at_;
  SteadyTime probe_at_;
  SteadyTime progress_at_;
};

}  // namespace ldt
