// Logs as JSON lines in a file: formatted by the caller's thread, written by one of its own.
// Depends on BatchQueue and LogFile. Invariant: log() neither allocates (once warm) nor touches the file.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "platform/telemetry/batch_queue.h"
#include "platform/telemetry/json_line.h"
#include "platform/telemetry/log_file.h"
#include "platform/telemetry/shared.h"

namespace ldt::telemetry {

class FileLogs final : public LogSink {
 public:
  /// `after_batch` runs on the writing thread.
  FileLogs(LogFile::Options options, Shared& shared, std::function<void()> after_batch)
      : shared_(shared),
        file_(std::move(options), shared.complaints),
        after_batch_(std::move(after_batch)),
        queue_(kLimits, [this](const std::string& lines) { write(lines); }) {}

  void log(Severity severity, std::string_view body, const TraceContext* context, Attributes attributes) override {
    static thread_local std::string line;
    line.clear();
    append_json_line(line, SystemClock{}.wall(), severity, shared_.service, body, context, attributes);
    const bool important = severity >= Severity::kWarn;
    if (!queue_.push(important, [](std::string& lines) { lines += line; })) shared_.drops.logs += 1;
  }

  void flush(std::chrono::steady_clock::time_point deadline) override { queue_.flush(deadline); }
  void begin_stop() override { queue_.begin_stop(); }
  void stop() override { queue_.stop(); }

 private:
  // Bytes. Enough for a disk that stands still for some seconds at full load.
  static constexpr BatchQueue<std::string>::Limits kLimits{
      .capacity = 16u << 20, .reserve = 16u << 20, .wake_at = 256u << 10, .delay = std::chrono::milliseconds{200}};

  void write(const std::string& lines) {
    shared_.drops.logs += file_.append(lines);
    after_batch_();
  }

  Shared& shared_;
  LogFile file_;
  const std::function<void()> after_batch_;
  BatchQueue<std::string> queue_;  // last: its thread uses all the others
};

}  // namespace ldt::telemetry
