// One supervised service: its process, its output, and when it may start again.
// Depends on platform/process. Time is an argument.
// Invariant: at most one process of the service lives; its output is kept in log/<name>.stderr.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ldt/processes/data_folder.h"
#include "ldt/processes/service_plan.h"
#include "platform/process/spawn.h"
#include "platform/process/unique_fd.h"

namespace ldt {

class Service {
 public:
  Service(ServicePlan plan, const DataFolder& data) : plan_(std::move(plan)), data_(data) {}

  [[nodiscard]] const std::string& name() const { return plan_.name; }
  [[nodiscard]] bool needed() const { return plan_.needed; }
  [[nodiscard]] bool is_quiet() const { return plan_.quiet; }
  [[nodiscard]] Tier tier() const { return plan_.tier; }
  [[nodiscard]] std::chrono::seconds stop_within() const { return plan_.stop_within; }
  [[nodiscard]] bool is_task() const { return plan_.once; }
  /// False until a task, a plan that runs `once`, has ended well; it is not started again then.
  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] bool runs() const { return pid_.has_value(); }

  [[nodiscard]] Result<void> start(SteadyTime now);
  /// How the process ended, once; nothing while it lives or none was started. The end of a task may make it done.
  [[nodiscard]] std::optional<process::Ended> reap();
  /// Decides when to start again: at once if an instruction struck it, else after a backoff that grows with every end
  /// that follows a short life.
  [[nodiscard]] std::chrono::milliseconds plan_restart(const process::Ended& ended, SteadyTime now);
  /// When to start again; nothing while it runs.
  [[nodiscard]] std::optional<SteadyTime> restart_at() const { return restart_at_; }
  void signal(int number) const;

  /// Readable when the process has written something; -1: it has no output.
  [[nodiscard]] int output() const { return output_.get(); }
  /// Takes what the process has written, appends it to its file, and repeats it on our stderr if `echo`.
  void relay_output(bool echo);
  [[nodiscard]] const std::string& last_line() const { return last_line_; }

 private:
  void take(const std::string& bytes, bool echo);

  ServicePlan plan_;
  const DataFolder& data_;
  std::optional<pid_t> pid_;
  process::UniqueFd output_;
  std::string partial_line_;
  std::string last_line_;
  SteadyTime started_at_;
  std::optional<SteadyTime> restart_at_;
  bool done_ = false;
  std::chrono::milliseconds backoff_{};  // before the next start; zero: the first one
};

}  // namespace ldt
