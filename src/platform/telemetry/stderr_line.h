// What telemetry itself has to complain about: lines on stderr, few of them.
// Depends on nothing. Invariant: one StderrLine writes at most one line a minute, however often it is asked to.
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace ldt::telemetry {

inline constexpr std::chrono::seconds kComplaintInterval{60};

/// Writes "<service>: telemetry: <text>" at once.
void say_on_stderr(std::string_view service, std::string_view text);

/// The same, at most once a minute. Thread-safe.
class StderrLine {
 public:
  explicit StderrLine(std::string service) : service_(std::move(service)) {}
  void say(std::string_view text);

 private:
  const std::string service_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace ldt::telemetry
