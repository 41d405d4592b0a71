// Logs, spans and metrics of one service, carried by OpenTelemetry.
// Hides the SDK: no other file includes its headers. Where they go is ruled by the standard OTEL_* variables; without
// them logs become JSON lines in a folder, and where there is a telemetry store, it gets the spans and logs of sampled
// traces and all warnings.
// Invariant: nothing here blocks, throws or fails its caller; what cannot be kept is dropped and counted.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/trace_context.h"

namespace grpc {
class Channel;
}  // namespace grpc

namespace ldt::telemetry {

using Value = std::variant<std::string_view, std::int64_t, double, bool>;

struct Attribute {
  std::string_view key;
  Value value;
};

using Attributes = std::initializer_list<Attribute>;

enum class Severity { kDebug, kInfo, kWarn, kError };

struct Options {
  std::string service_name;  // "order", "payment", ...; OTEL_SERVICE_NAME is not needed
  std::string service_version;
  std::string log_directory;                 // where <service_name>.jsonl goes when no OTLP endpoint is set
  std::uint64_t log_file_bytes = 64u << 20;  // a file that grows beyond this is rotated, ...
  int log_files = 4;                         // ... and so many are kept
  std::shared_ptr<grpc::Channel> store;      // to the telemetry store; null: there is none
};

enum class SpanKind { kInternal, kServer, kClient };

/// A span that has ended. `context.span_id` is its own id, chosen by the caller (make_span_id).
struct Span {
  std::string_view name;
  SpanKind kind = SpanKind::kInternal;
  TraceContext context;
  SpanId parent{};                   // all zero: a root
  std::optional<TraceContext> link;  // e.g. the trace before a recovery
  WallTime start;
  std::chrono::nanoseconds duration{};
  bool failed = false;
  std::string_view status_detail;
};

class Counter {
 public:
  virtual ~Counter() = default;
  virtual void add(std::uint64_t value, Attributes attributes = {}) = 0;
};

class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void record(double value, Attributes attributes = {}) = 0;
};

/// One service's telemetry. Thread-safe. Flushes and stops in its destructor, within two seconds.
class Telemetry {
 public:
  virtual ~Telemetry() = default;

  /// Emits a log record. `context`, where given, ties it to a span.
  virtual void log(Severity severity, std::string_view body, const TraceContext* context, Attributes attributes) = 0;

  /// True where a span would go somewhere: callers need not build spans otherwise.
  [[nodiscard]] virtual bool records_spans() const = 0;
  /// Emits an ended span; ignored unless context.sampled.
  virtual void span(const Span& span, Attributes attributes) = 0;
  /// What the configured sampler says of a trace that begins here. `caller_sampled` is the flag of the caller's
  /// traceparent, where there was one: the parentbased samplers obey it.
  [[nodiscard]] virtual bool sample(const TraceId& trace_id, std::optional<bool> caller_sampled = {}) const = 0;

  /// True where a trace that was not sampled is to be from the moment on that its order begins to revert.
  [[nodiscard]] virtual bool promotes() const = 0;

  /// Instruments live as long as the Telemetry. `unit` is UCUM: "s", "By", "{order}".
  virtual Counter& counter(std::string_view name, std::string_view unit, std::string_view description) = 0;
  virtual Histogram& histogram(std::string_view name, std::string_view unit, std::string_view description) = 0;
  /// `read` is called from another thread whenever metrics are collected, until the Telemetry is destroyed: what it
  /// reads must live as long (capture a shared_ptr where that is in doubt).
  virtual void gauge(std::string_view name, std::string_view unit, std::string_view description,
                     std::function<std::int64_t()> read) = 0;

  /// Waits until the logs and spans handed in so far have left, or `limit` has passed. Only for a process that is
  /// about to end itself: nothing else should wait for telemetry.
  virtual void flush(std::chrono::milliseconds limit) = 0;
};

/// Starts telemetry for this process. Never fails: what cannot be set up is said once on stderr and left out.
[[nodiscard]] std::unique_ptr<Telemetry> start(const Options& options);

}  // namespace ldt::telemetry
