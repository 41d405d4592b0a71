// Puts one service's telemetry together: settings decide which sinks it has.
// Depends on the parts beside it; the SDK is behind them. Invariant: see telemetry.h.
#include "platform/telemetry/telemetry.h"

#include <exception>
#include <utility>

#include "platform/telemetry/file_logs.h"
#include "platform/telemetry/metrics.h"
#include "platform/telemetry/otlp.h"
#include "platform/telemetry/rate_limit.h"
#include "platform/telemetry/settings.h"
#include "platform/telemetry/shared.h"

namespace ldt::telemetry {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// The destructor's two seconds, less what it takes to end the threads after a call was cancelled.
constexpr std::chrono::milliseconds kStopLimit{1'500};

class TelemetryImpl final : public Telemetry {
 public:
  TelemetryImpl(const Options& options, const Settings& settings)
      : shared_(options.service_name, options.service_version),
        sampler_(settings.sampler),
        promotes_(settings.promotes()) {
    if (settings.traces_per_second > 0) limit_.emplace(settings.traces_per_second);
    if (settings.uses_otlp() || settings.uses_store()) quieten_sdk(shared_.service);
    attempt("metrics", [&] { set_up_metrics(options, settings); });
    attempt("spans", [&] { set_up_spans(options, settings); });
    attempt("logs", [&] { set_up_logs(options, settings); });
  }

  ~TelemetryImpl() override {
    shared_.stop.stop_by(SteadyClock::now() + kStopLimit);
    if (spans_) spans_->begin_stop();
    if (logs_) logs_->begin_stop();
    metrics_->stop();
    if (spans_) spans_->stop();
    if (logs_) logs_->stop();  // its last report may still go to the store
    if (store_logs_) store_logs_->stop();
  }

  void log(Severity severity, std::string_view body, const TraceContext* context, Attributes attributes) override {
    if (logs_) logs_->log(severity, body, context, attributes);
    if (!store_logs_) return;
    if (severity >= Severity::kWarn || context == nullptr || context->sampled) {
      store_logs_->log(severity, body, context, attributes);
    } else {
      shared_.drops.left_out.fetch_add(1, std::memory_order_relaxed);
    }
  }

  [[nodiscard]] bool records_spans() const override { return spans_ != nullptr; }

  void span(const Span& span, Attributes attributes) override {
    if (spans_ && span.context.sampled) spans_->span(span, attributes);
  }

  [[nodiscard]] bool sample(const TraceId& trace_id, std::optional<bool> caller_sampled) const override {
    if (!sampler_.sample(trace_id, caller_sampled)) return false;
    return !limit_ || caller_sampled || limit_->take(SteadyClock::now());
  }

  [[nodiscard]] bool promotes() const override { return promotes_; }

  Counter& counter(std::string_view name, std::string_view unit, std::string_view description) override {
    return metrics_->counter(name, unit, description);
  }
  Histogram& histogram(std::string_view name, std::string_view unit, std::string_view description) override {
    return metrics_->histogram(name, unit, description);
  }
  void gauge(std::string_view name, std::string_view unit, std::string_view description,
             std::function<std::int64_t()> read) override {
    metrics_->gauge(name, unit, description, std::move(read));
  }

  void flush(std::chrono::milliseconds limit) override {
    const auto deadline = SteadyClock::now() + limit;
    if (logs_) logs_->flush(deadline);
    if (store_logs_) store_logs_->flush(deadline);
    if (spans_) spans_->flush(deadline);
  }

 private:
  template <class SetUp>
  void attempt(std::string_view what, SetUp set_up) {
    try {
      set_up();
    } catch (const std::exception& error) {
      say_on_stderr(shared_.service, "no " + std::string(what) + ": " + error.what());
    }
  }

  void set_up_metrics(const Options& options, const Settings& settings) {
    if (settings.store_metrics) metrics_ = make_store_metrics(options.store, settings, shared_);
    if (!settings.metrics) return;
    if (auto metrics = make_otlp_metrics(settings, shared_)) metrics_ = std::move(metrics);
  }

  void set_up_spans(const Options& options, const Settings& settings) {
    if (settings.traces && settings.sampler.ever()) spans_ = make_otlp_spans(settings, shared_);
    if (settings.store_traces && (settings.sampler.ever() || promotes_)) {
      spans_ = make_store_spans(options.store, settings, shared_);
    }
  }

  void set_up_logs(const Options& options, const Settings& settings) {
    if (settings.logs == LogTarget::kNone) return;
    if (settings.store_logs) store_logs_ = make_store_logs(options.store, settings, shared_);
    auto after_batch = [this] { report_drops(); };
    if (settings.logs == LogTarget::kOtlp) logs_ = make_otlp_logs(settings, shared_, after_batch);
    if (logs_) return;
    logs_ = std::make_unique<FileLogs>(LogFile::Options{options.log_directory, options.service_name + ".jsonl",
                                                        options.log_file_bytes, options.log_files},
                                       shared_, after_batch);
  }

  /// Runs on the log sink's thread. One record a minute, and only if something was dropped since the last one.
  void report_drops() {
    const auto now = SteadyClock::now();
    if (now < next_report_) return;
    const std::uint64_t logs = shared_.drops.logs;
    const std::uint64_t spans = shared_.drops.spans;
    if (logs == reported_logs_ && spans == reported_spans_) return;
    log(Severity::kWarn, "telemetry dropped", nullptr,
        {{"dropped_logs", static_cast<std::int64_t>(logs - reported_logs_)},
         {"dropped_spans", static_cast<std::int64_t>(spans - reported_spans_)}});
    next_report_ = now + kComplaintInterval;
    reported_logs_ = logs;
    reported_spans_ = spans;
  }

  Shared shared_;
  const Sampler sampler_;
  const bool promotes_;
  mutable std::optional<RateLimit> limit_;
  SteadyClock::time_point next_report_{};
  std::uint64_t reported_logs_ = 0;
  std::uint64_t reported_spans_ = 0;
  std::unique_ptr<Metrics> metrics_ = make_no_metrics();
  std::unique_ptr<SpanSink> spans_;
  std::unique_ptr<LogSink> store_logs_;  // beside logs_, which may report to it
  std::unique_ptr<LogSink> logs_;
};

}  // namespace

std::unique_ptr<Telemetry> start(const Options& options) {
  const Settings settings = read_settings(process_environment, options.store != nullptr);
  for (const std::string& complaint : settings.complaints) say_on_stderr(options.service_name, complaint);
  return std::make_unique<TelemetryImpl>(options, settings);
}

}  // namespace ldt::telemetry
