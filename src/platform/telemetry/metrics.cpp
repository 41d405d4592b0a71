// Metrics through the SDK's MeterProvider, collected and sent at an interval.
// Depends on the SDK. Invariant: a histogram's buckets fit its unit: seconds from 100 us to 10 s, else powers of two.
#include "platform/telemetry/metrics.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <opentelemetry/context/context.h>
#include <opentelemetry/exporters/otlp/otlp_grpc_metric_exporter_options.h>
#include <opentelemetry/exporters/otlp/otlp_metric_utils.h>
#include <opentelemetry/metrics/async_instruments.h>
#include <opentelemetry/metrics/meter.h>
#include <opentelemetry/metrics/sync_instruments.h>
#include <opentelemetry/sdk/metrics/aggregation/aggregation_config.h>
#include <opentelemetry/sdk/metrics/export/periodic_exporting_metric_reader.h>
#include <opentelemetry/sdk/metrics/meter_provider.h>
#include <opentelemetry/sdk/metrics/push_metric_exporter.h>
#include <opentelemetry/sdk/metrics/view/instrument_selector.h>
#include <opentelemetry/sdk/metrics/view/meter_selector.h>
#include <opentelemetry/sdk/metrics/view/view.h>
#include <opentelemetry/sdk/metrics/view/view_registry.h>

#include "opentelemetry/proto/collector/metrics/v1/metrics_service.grpc.pb.h"
#include "platform/telemetry/otlp_internal.h"

namespace ldt::telemetry {
namespace {

namespace api = otel::metrics;
namespace sdk = otel::sdk::metrics;
namespace metrics_v1 = otel::proto::collector::metrics::v1;
using sdk_result = otel::sdk::common::ExportResult;

class NoMetrics final : public Metrics {
 public:
  Counter& counter(std::string_view, std::string_view, std::string_view) override { return counter_; }
  Histogram& histogram(std::string_view, std::string_view, std::string_view) override { return histogram_; }
  void gauge(std::string_view, std::string_view, std::string_view, std::function<std::int64_t()>) override {}
  void stop() override {}

 private:
  struct NoCounter final : Counter {
    void add(std::uint64_t, Attributes) override {}
  };
  struct NoHistogram final : Histogram {
    void record(double, Attributes) override {}
  };
  NoCounter counter_;
  NoHistogram histogram_;
};

class Exporter final : public sdk::PushMetricExporter {
 public:
  using Connection = OtlpConnection<metrics_v1::MetricsService>;

  Exporter(Connection connection, sdk::AggregationTemporalitySelector temporality, Shared& shared)
      : connection_(std::move(connection)), temporality_(std::move(temporality)), shared_(shared) {}

  sdk_result Export(const sdk::ResourceMetrics& data) noexcept override {
    metrics_v1::ExportMetricsServiceRequest request;
    otlp::OtlpMetricUtils::PopulateRequest(data, &request);
    metrics_v1::ExportMetricsServiceResponse response;
    const grpc::Status status = connection_.deliver(request, response);
    if (status.ok()) return sdk_result::kSuccess;
    shared_.complaints.say("OTLP to " + connection_.endpoint() +
                           " failed, metrics come later: " + status.error_message());
    return sdk_result::kFailure;
  }
  sdk::AggregationTemporality GetAggregationTemporality(sdk::InstrumentType type) const noexcept override {
    return temporality_(type);
  }
  bool ForceFlush(std::chrono::microseconds) noexcept override { return true; }
  bool Shutdown(std::chrono::microseconds) noexcept override { return true; }

 private:
  Connection connection_;
  const sdk::AggregationTemporalitySelector temporality_;
  Shared& shared_;
};

/// Lets the SDK read our attributes where they are.
class AttributesView final : public otel::common::KeyValueIterable {
 public:
  explicit AttributesView(Attributes attributes) : attributes_(attributes) {}
  bool ForEachKeyValue(otel::nostd::function_ref<bool(otel::nostd::string_view, otel::common::AttributeValue)> take)
      const noexcept override {
    return std::all_of(attributes_.begin(), attributes_.end(), [&](const Attribute& attribute) {
      return take(sdk_view(attribute.key), SdkValue(attribute.value).get());
    });
  }
  [[nodiscard]] std::size_t size() const noexcept override { return attributes_.size(); }

 private:
  Attributes attributes_;
};

class SdkCounter final : public Counter {
 public:
  using Instrument = otel::nostd::unique_ptr<api::Counter<std::uint64_t>>;
  explicit SdkCounter(Instrument instrument) : instrument_(std::move(instrument)) {}
  void add(std::uint64_t value, Attributes attributes) override {
    instrument_->Add(value, AttributesView(attributes), no_context_);
  }

 private:
  Instrument instrument_;
  const otel::context::Context no_context_;  // making one for each call would allocate
};

class SdkHistogram final : public Histogram {
 public:
  using Instrument = otel::nostd::unique_ptr<api::Histogram<double>>;
  explicit SdkHistogram(Instrument instrument) : instrument_(std::move(instrument)) {}
  void record(double value, Attributes attributes) override {
    instrument_->Record(value, AttributesView(attributes), no_context_);
  }

 private:
  Instrument instrument_;
  const otel::context::Context no_context_;
};

using Int64Observer = otel::nostd::shared_ptr<api::ObserverResultT<std::int64_t>>;
using Observable = otel::nostd::shared_ptr<api::ObservableInstrument>;

/// An observable instrument and the function behind it.
class SdkGauge {
 public:
  SdkGauge(Observable instrument, std::function<std::int64_t()> read)
      : instrument_(std::move(instrument)), read_(std::move(read)) {
    instrument_->AddCallback(&SdkGauge::observe, this);
  }
  ~SdkGauge() { instrument_->RemoveCallback(&SdkGauge::observe, this); }
  SdkGauge(const SdkGauge&) = delete;
  SdkGauge& operator=(const SdkGauge&) = delete;

 private:
  static void observe(api::ObserverResult result, void* self) {
    if (auto* observer = otel::nostd::get_if<Int64Observer>(&result)) {
      (*observer)->Observe(static_cast<SdkGauge*>(self)->read_());
    }
  }

  Observable instrument_;
  const std::function<std::int64_t()> read_;
};

std::unique_ptr<sdk::MetricReader> make_reader(std::unique_ptr<Exporter> exporter, std::chrono::milliseconds interval) {
  sdk::PeriodicExportingMetricReaderOptions options;
  options.export_interval_millis = std::max(interval, std::chrono::milliseconds{100});
  // Only how long the SDK waits before it calls a collection late; a call has its own timeout. The SDK insists on less
  // than the interval.
  options.export_timeout_millis = std::min(options.export_timeout_millis, options.export_interval_millis / 2);
  return std::make_unique<sdk::PeriodicExportingMetricReader>(std::move(exporter), options);
}

class OtlpMetrics final : public Metrics {
 public:
  OtlpMetrics(std::unique_ptr<Exporter> exporter, std::chrono::milliseconds interval, Shared& shared)
      : shared_(shared), provider_(std::make_unique<sdk::ViewRegistry>(), make_resource(shared)) {
    provider_.AddMetricReader(make_reader(std::move(exporter), interval));
    meter_ = provider_.GetMeter(kScopeName, sdk_view(shared_.version));
    dropped_ =
        meter_->CreateInt64ObservableCounter(sdk_view(kDroppedName), sdk_view(kDroppedHelp), sdk_view(kRecordUnit));
    dropped_->AddCallback(&OtlpMetrics::observe_drops, this);
    left_out_ =
        meter_->CreateInt64ObservableCounter(sdk_view(kLeftOutName), sdk_view(kLeftOutHelp), sdk_view(kRecordUnit));
    left_out_->AddCallback(&OtlpMetrics::observe_left_out, this);
  }
  ~OtlpMetrics() override {
    left_out_->RemoveCallback(&OtlpMetrics::observe_left_out, this);
    dropped_->RemoveCallback(&OtlpMetrics::observe_drops, this);
  }

  Counter& counter(std::string_view name, std::string_view unit, std::string_view description) override {
    const std::lock_guard lock(mutex_);
    auto& counter = counters_[std::string(name)];
    if (!counter) {
      counter = std::make_unique<SdkCounter>(
          meter_->CreateUInt64Counter(sdk_view(name), sdk_view(description), sdk_view(unit)));
    }
    return *counter;
  }

  Histogram& histogram(std::string_view name, std::string_view unit, std::string_view description) override {
    const std::lock_guard lock(mutex_);
    auto& histogram = histograms_[std::string(name)];
    if (!histogram) {
      add_buckets(std::string(name), std::string(unit), std::string(description));
      histogram = std::make_unique<SdkHistogram>(
          meter_->CreateDoubleHistogram(sdk_view(name), sdk_view(description), sdk_view(unit)));
    }
    return *histogram;
  }

  void gauge(std::string_view name, std::string_view unit, std::string_view description,
             std::function<std::int64_t()> read) override {
    const std::lock_guard lock(mutex_);
    gauges_.push_back(std::make_unique<SdkGauge>(
        meter_->CreateInt64ObservableGauge(sdk_view(name), sdk_view(description), sdk_view(unit)), std::move(read)));
  }

  void stop() override {
    provider_.ForceFlush();  // the destructors that follow shut the provider down, which sends nothing any more
  }

 private:
  void add_buckets(const std::string& name, const std::string& unit, const std::string& description) {
    auto buckets = std::make_shared<sdk::HistogramAggregationConfig>();
    buckets->boundaries_ = buckets_for(unit);
    provider_.AddView(std::make_unique<sdk::InstrumentSelector>(sdk::InstrumentType::kHistogram, name, unit),
                      std::make_unique<sdk::MeterSelector>(kScopeName, shared_.version, ""),
                      std::make_unique<sdk::View>(name, description, unit, sdk::AggregationType::kHistogram, buckets));
  }

  static void observe_drops(api::ObserverResult result, void* self) {
    const Drops& drops = static_cast<OtlpMetrics*>(self)->shared_.drops;
    if (auto* observer = otel::nostd::get_if<Int64Observer>(&result)) {
      (*observer)->Observe(static_cast<std::int64_t>(drops.logs.load()), {{"signal", "logs"}});
      (*observer)->Observe(static_cast<std::int64_t>(drops.spans.load()), {{"signal", "traces"}});
    }
  }

  static void observe_left_out(api::ObserverResult result, void* self) {
    const Drops& drops = static_cast<OtlpMetrics*>(self)->shared_.drops;
    if (auto* observer = otel::nostd::get_if<Int64Observer>(&result)) {
      (*observer)->Observe(static_cast<std::int64_t>(drops.left_out.load()));
    }
  }

  Shared& shared_;
  sdk::MeterProvider provider_;
  otel::nostd::shared_ptr<api::Meter> meter_;
  Observable dropped_;
  Observable left_out_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<SdkCounter>, std::less<>> counters_;
  std::map<std::string, std::unique_ptr<SdkHistogram>, std::less<>> histograms_;
  std::vector<std::unique_ptr<SdkGauge>> gauges_;
};

}  // namespace

std::vector<double> buckets_for(std::string_view unit) {
  if (unit == "s") {
    return {0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10};
  }
  std::vector<double> powers;
  for (double bound = 1; bound <= 8192; bound *= 2) powers.push_back(bound);
  return powers;
}

std::unique_ptr<Metrics> make_no_metrics() { return std::make_unique<NoMetrics>(); }

std::unique_ptr<Metrics> make_otlp_metrics(const Settings& settings, Shared& shared) {
  const otlp::OtlpGrpcMetricExporterOptions options;
  auto connection = make_connection<metrics_v1::MetricsService, otlp::OtlpGrpcMetricExporterOptions>(
      Signal::kMetrics, settings.metrics_protocol, settings.metrics_timeout, shared);
  if (!connection.usable()) return nullptr;
  auto exporter = std::make_unique<Exporter>(
      std::move(connection), otlp::OtlpMetricUtils::ChooseTemporalitySelector(options.aggregation_temporality), shared);
  return std::make_unique<OtlpMetrics>(std::move(exporter), settings.metric_interval, shared);
}

}  // namespace ldt::telemetry
