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
#include "ldt/address.h"
#include "ldt/data_folder.h"
#include "platform/process/spawn.h"
#include "platform/process/unique_fd.h"

namespace ldt {

struct ServicePlan {
  std::string name;                    // "payment"
  std::string program;                 // a path
  std::vector<std::string> arguments;  // paths in them are relative to the data folder
  bool needed = true;                  // false: the marketplace starts and runs without it, too
};

/// How to run the telemetry store.
struct StoreOptions {
  std::string otlp_grpc;  // HOST:PORT or "off"
  std::string otlp_http;
  std::chrono::seconds max_age{};
  std::int64_t max_mb = 0;
};

/// The four services in the order in which they start, the order service last; before them the telemetry store, where
/// there is to be one.
[[nodiscard]] std::vector<ServicePlan> service_plans(const Address& http, bool allow_failures,
                                                     const std::optional<StoreOptions>& store);

class Service {
 public:
  Service(ServicePlan plan, const DataFolder& data) : plan_(std::move(plan)), data_(data) {}

  [[nodiscard]] const std::string& name() const { return plan_.name; }
  [[nodiscard]] bool needed() const { return plan_.needed; }
  [[nodiscard]] bool runs() const { return pid_.has_value(); }

  [[nodiscard]] Result<void> start(SteadyTime now);
  /// How the process ended, once; nothing while it lives or none was started.
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
  std::chrono::milliseconds backoff_{};  // before the next start; zero: the first one
};

}  // namespace ldt
