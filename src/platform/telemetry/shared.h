// What the parts of one Telemetry share, and the interfaces that they have for it.
// Depends on nothing heavy. Invariant: every record that does not arrive is counted once, here.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "platform/telemetry/stderr_line.h"
#include "platform/telemetry/stop_switch.h"
#include "platform/telemetry/telemetry.h"

namespace ldt::telemetry {

struct Drops {
  std::atomic<std::uint64_t> logs{0};
  std::atomic<std::uint64_t> spans{0};
  std::atomic<std::uint64_t> left_out{0};  // log records that the store does not get, since nobody sampled their trace
};

struct Shared {
  Shared(std::string service_name, std::string service_version)
      : service(std::move(service_name)), version(std::move(service_version)), complaints(service) {}

  const std::string service;
  const std::string version;
  Drops drops;
  StderrLine complaints;
  StopSwitch stop;
};

/// What takes records on any thread and carries them off on one of its own.
class Sink {
 public:
  virtual ~Sink() = default;
  /// See BatchQueue.
  virtual void flush(std::chrono::steady_clock::time_point deadline) = 0;
  virtual void begin_stop() = 0;
  virtual void stop() = 0;
};

class LogSink : public Sink {
 public:
  virtual void log(Severity severity, std::string_view body, const TraceContext* context, Attributes attributes) = 0;
};

class SpanSink : public Sink {
 public:
  virtual void span(const Span& span, Attributes attributes) = 0;
};

}  // namespace ldt::telemetry
