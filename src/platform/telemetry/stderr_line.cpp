// Writes telemetry's own complaints with one write(2) each, so that lines of several processes do not mix.
// Depends on POSIX. Invariant: a stderr that is gone is ignored.
#include "platform/telemetry/stderr_line.h"

#include <unistd.h>

namespace ldt::telemetry {

void say_on_stderr(std::string_view service, std::string_view text) {
  std::string line(service);
  line += ": telemetry: ";
  line += text;
  line += '\n';
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

void StderrLine::say(std::string_view text) {
  {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return;
    next_ = now + kComplaintInterval;
  }
  say_on_stderr(service_, text);
}

}  // namespace ldt::telemetry
