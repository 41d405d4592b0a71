// What the OTEL_* variables ask for, as far as the SDK does not read them itself.
// Pure: the environment arrives as a function. Source: OpenTelemetry specification, "Environment variable
// specification". Invariant: a value that makes no sense is complained about and counts as not set.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/trace_context.h"

namespace ldt::telemetry {

/// OTEL_TRACES_SAMPLER and its argument.
struct Sampler {
  bool parent_based = true;
  bool off = false;  // always_off: asks for no trace at all
  double ratio = 1.0;

  /// Consistent: of two samplers, the one with the higher ratio samples all that the other does.
  [[nodiscard]] bool sample(const TraceId& trace_id, std::optional<bool> caller_sampled) const;
  /// False where no trace can ever be sampled.
  [[nodiscard]] bool ever() const { return parent_based || ratio > 0; }
};

/// OTEL_BSP_* and OTEL_BLRP_*. The queues are larger than the specification's 2048: one batch of orders can bring
/// thousands of records at once.
struct BatchSettings {
  std::size_t queue_size = 16'384;
  std::size_t batch_size = 512;
  std::chrono::milliseconds delay{1'000};
};

enum class LogTarget { kNone, kFile, kOtlp };

/// OTEL_EXPORTER_OTLP_PROTOCOL.
enum class Protocol { kGrpc, kHttpProtobuf, kHttpJson };

struct Settings {
  bool traces = false;   // over OTLP
  bool metrics = false;  // over OTLP
  LogTarget logs = LogTarget::kFile;
  bool store_traces = false;   // to the telemetry store
  bool store_logs = false;     // to the telemetry store, beside the file
  bool store_metrics = false;  // to the telemetry store
  Sampler sampler;
  std::int64_t traces_per_second = 0;  // at most so many that begin here are sampled; 0: as many as the sampler says
  BatchSettings span_batches;
  BatchSettings log_batches;
  Protocol traces_protocol = Protocol::kGrpc;
  Protocol metrics_protocol = Protocol::kGrpc;
  Protocol logs_protocol = Protocol::kGrpc;
  std::chrono::milliseconds traces_timeout{10'000};
  std::chrono::milliseconds metrics_timeout{10'000};
  std::chrono::milliseconds logs_timeout{10'000};
  std::chrono::milliseconds metric_interval{60'000};
  std::vector<std::string> complaints;  // one line each

  [[nodiscard]] bool uses_otlp() const { return traces || metrics || logs == LogTarget::kOtlp; }
  [[nodiscard]] bool uses_store() const { return store_traces || store_logs || store_metrics; }
  /// Reverted orders are traced whatever the sampler said of them, unless the user wants no trace at all.
  [[nodiscard]] bool promotes() const { return store_traces && !sampler.off; }
};

/// Nothing for a variable that is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// @param has_store  there is a telemetry store: what has no other destination goes there
[[nodiscard]] Settings read_settings(const Environment& environment, bool has_store);

/// The process's own environment.
[[nodiscard]] std::optional<std::string> process_environment(const std::string& name);

}  // namespace ldt::telemetry
