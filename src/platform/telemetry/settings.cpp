// Reads the OTEL_* variables. Where they are silent: logs to the file, spans and metrics nowhere.
// Pure but for process_environment(). Invariant: see the header.
#include "platform/telemetry/settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace ldt::telemetry {
namespace {

// People look at the store: what happened shows at once. It is near, and many small batches cost it little.
constexpr std::chrono::milliseconds kStoreDelay{100};
constexpr std::chrono::milliseconds kStoreMetricInterval{10'000};
constexpr std::int64_t kTracesPerSecond = 100;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

class Reader {
 public:
  Reader(const Environment& environment, std::vector<std::string>& complaints)
      : environment_(environment), complaints_(complaints) {}

  /// An empty variable counts as not set.
  [[nodiscard]] std::optional<std::string> text(const std::string& name) const {
    const auto value = environment_(name);
    if (!value || trimmed(*value).empty()) return std::nullopt;
    return std::string(trimmed(*value));
  }

  template <class Number>
  [[nodiscard]] std::optional<Number> number(const std::string& name, Number least, Number most) const {
    const auto value = text(name);
    if (!value) return std::nullopt;
    Number result{};
    const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), result);
    if (error == std::errc{} && end == value->data() + value->size() && result >= least && result <= most)
      return result;
    complain(name + "=" + *value + " is not a number in its range; ignored");
    return std::nullopt;
  }

  void read(const std::string& name, std::size_t& value) const {
    value = number<std::size_t>(name, 1, 1'000'000).value_or(value);
  }
  void read(const std::string& name, std::chrono::milliseconds& value) const {
    constexpr std::int64_t kMostMs = 24LL * 3600 * 1000;
    if (const auto ms = number<std::int64_t>(name, 1, kMostMs)) value = std::chrono::milliseconds{*ms};
  }

  void complain(std::string what) const { complaints_.push_back(std::move(what)); }

 private:
  const Environment& environment_;
  std::vector<std::string>& complaints_;
};

bool is_disabled(const Reader& reader) {
  const auto value = reader.text("OTEL_SDK_DISABLED");
  return value && lower(*value) == "true";
}

enum class Choice { kNotSet, kNone, kOtlp };

Choice read_exporter(const Reader& reader, const std::string& signal) {
  const std::string name = "OTEL_" + signal + "_EXPORTER";
  std::string rest = reader.text(name).value_or("");
  Choice choice = Choice::kNotSet;
  while (!rest.empty()) {
    const auto comma = std::min(rest.find(','), rest.size());
    const std::string one = lower(trimmed(std::string_view(rest).substr(0, comma)));
    rest.erase(0, comma + 1);
    if (one == "otlp") {
      choice = Choice::kOtlp;
    } else if (one == "none") {
      if (choice == Choice::kNotSet) choice = Choice::kNone;
    } else {
      reader.complain(
          std::string(name).append("=").append(one).append(" is not supported (otlp and none are); ignored"));
    }
  }
  return choice;
}

bool has_endpoint(const Reader& reader, const std::string& signal) {
  return reader.text("OTEL_EXPORTER_OTLP_ENDPOINT") || reader.text("OTEL_EXPORTER_OTLP_" + signal + "_ENDPOINT");
}

/// Over OTLP where an endpoint is named, or where the exporter is named and the endpoint is left to its default.
bool wants_otlp(Choice choice, const Reader& reader, const std::string& signal) {
  return choice == Choice::kOtlp || (choice == Choice::kNotSet && has_endpoint(reader, signal));
}

Protocol read_protocol(const Reader& reader, const std::string& name, Protocol otherwise) {
  const auto value = reader.text(name);
  if (!value) return otherwise;
  const std::string word = lower(*value);
  if (word == "grpc") return Protocol::kGrpc;
  if (word == "http/protobuf") return Protocol::kHttpProtobuf;
  if (word == "http/json") return Protocol::kHttpJson;
  reader.complain(name + "=" + *value + " is not known (grpc, http/protobuf and http/json are); ignored");
  return otherwise;
}

void read_protocols(const Reader& reader, Settings& settings) {
  const Protocol general = read_protocol(reader, "OTEL_EXPORTER_OTLP_PROTOCOL", Protocol::kGrpc);
  settings.traces_protocol = read_protocol(reader, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", general);
  settings.metrics_protocol = read_protocol(reader, "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", general);
  settings.logs_protocol = read_protocol(reader, "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", general);
}

Sampler read_sampler(const Reader& reader) {
  Sampler sampler;
  const auto value = reader.text("OTEL_TRACES_SAMPLER");
  if (!value) return sampler;
  constexpr std::string_view kParentBased = "parentbased_";
  std::string name = lower(*value);
  sampler.parent_based = name.starts_with(kParentBased);
  if (sampler.parent_based) name.erase(0, kParentBased.size());
  if (name == "always_off") {
    sampler.off = true;
    sampler.ratio = 0;
  } else if (name == "traceidratio") {
    sampler.ratio = reader.number<double>("OTEL_TRACES_SAMPLER_ARG", 0, 1).value_or(1);
  } else if (name != "always_on") {
    reader.complain("OTEL_TRACES_SAMPLER=" + *value + " is not known; parentbased_always_on is used");
    return Sampler{};
  }
  return sampler;
}

void read_batches(const Reader& reader, const std::string& prefix, BatchSettings& batches) {
  reader.read(prefix + "_MAX_QUEUE_SIZE", batches.queue_size);
  reader.read(prefix + "_MAX_EXPORT_BATCH_SIZE", batches.batch_size);
  reader.read(prefix + "_SCHEDULE_DELAY", batches.delay);
  batches.batch_size = std::min(batches.batch_size, batches.queue_size);
}

void read_timeout(const Reader& reader, const std::string& signal, std::chrono::milliseconds& timeout) {
  reader.read("OTEL_EXPORTER_OTLP_TIMEOUT", timeout);
  reader.read("OTEL_EXPORTER_OTLP_" + signal + "_TIMEOUT", timeout);
}

void read_destinations(const Reader& reader, bool has_store, Settings& settings) {
  const Choice traces = read_exporter(reader, "TRACES");
  const Choice metrics = read_exporter(reader, "METRICS");
  const Choice logs = read_exporter(reader, "LOGS");
  if (logs == Choice::kNone) settings.logs = LogTarget::kNone;
  if (is_disabled(reader)) return;
  settings.traces = wants_otlp(traces, reader, "TRACES");
  settings.metrics = wants_otlp(metrics, reader, "METRICS");
  if (wants_otlp(logs, reader, "LOGS")) settings.logs = LogTarget::kOtlp;
  if (settings.uses_otlp()) read_protocols(reader, settings);
  settings.store_traces = has_store && !settings.traces && traces != Choice::kNone;
  settings.store_logs = has_store && settings.logs == LogTarget::kFile;
  settings.store_metrics = has_store && !settings.metrics && metrics != Choice::kNone;
}

}  // namespace

bool Sampler::sample(const TraceId& trace_id, std::optional<bool> caller_sampled) const {
  if (parent_based && caller_sampled) return *caller_sampled;
  // The last seven bytes are the random part of a trace id (W3C Trace Context, level 2).
  std::uint64_t random = 0;
  for (std::size_t i = 9; i < trace_id.size(); ++i) random = random << 8 | trace_id[i];
  constexpr double kAll = 72057594037927936.0;  // 2^56
  return static_cast<double>(random) >= (1.0 - ratio) * kAll;
}

Settings read_settings(const Environment& environment, bool has_store) {
  Settings settings;
  const Reader reader(environment, settings.complaints);
  settings.span_batches.delay = std::chrono::milliseconds{5'000};
  read_destinations(reader, has_store, settings);
  if (!settings.uses_otlp() && !settings.uses_store()) return settings;
  if (settings.store_traces) settings.span_batches.delay = kStoreDelay;
  if (settings.store_logs) settings.log_batches.delay = kStoreDelay;
  if (settings.store_metrics) settings.metric_interval = kStoreMetricInterval;
  settings.sampler = read_sampler(reader);
  if (settings.store_traces && !reader.text("OTEL_TRACES_SAMPLER")) settings.traces_per_second = kTracesPerSecond;
  read_batches(reader, "OTEL_BSP", settings.span_batches);
  read_batches(reader, "OTEL_BLRP", settings.log_batches);
  read_timeout(reader, "TRACES", settings.traces_timeout);
  read_timeout(reader, "METRICS", settings.metrics_timeout);
  read_timeout(reader, "LOGS", settings.logs_timeout);
  reader.read("OTEL_METRIC_EXPORT_INTERVAL", settings.metric_interval);
  return settings;
}

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

}  // namespace ldt::telemetry
