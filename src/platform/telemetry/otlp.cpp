// Sends logs and spans in batches over OTLP. The records are the SDK's own recordables, filled by the caller's thread.
// Not the SDK's batch processors: they neither count what they drop, nor keep room for warnings, nor can stop in time
// while a collector hangs.
// Invariant: to a collector a batch is sent a bounded number of times, to our own store until it is taken; what did not
// arrive is counted as dropped.
#include "platform/telemetry/otlp.h"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include <opentelemetry/exporters/otlp/otlp_grpc_exporter_options.h>
#include <opentelemetry/exporters/otlp/otlp_grpc_log_record_exporter_options.h>
#include <opentelemetry/exporters/otlp/otlp_log_recordable.h>
#include <opentelemetry/exporters/otlp/otlp_populate_attribute_utils.h>
#include <opentelemetry/exporters/otlp/otlp_recordable.h>
#include <opentelemetry/sdk/common/empty_attributes.h>

#include "opentelemetry/proto/collector/logs/v1/logs_service.grpc.pb.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.grpc.pb.h"
#include "platform/telemetry/batch_queue.h"
#include "platform/telemetry/otlp_internal.h"
#include "platform/telemetry/utf8.h"

namespace ldt::telemetry {
namespace {

namespace logs_v1 = otel::proto::collector::logs::v1;
namespace trace_v1 = otel::proto::collector::trace::v1;

constexpr std::size_t kRoomForWarnings = 65'536;

void add_count(otel::proto::common::v1::InstrumentationScope& scope, const char* key, std::uint64_t count) {
  if (count == 0) return;
  auto& attribute = *scope.add_attributes();
  attribute.set_key(key);
  attribute.mutable_value()->set_int_value(static_cast<std::int64_t>(count));
}

/// Where the records go.
enum class Receiver { kCollector, kStore };

struct LogSignal {
  using Recordable = otlp::OtlpLogRecordable;
  using Service = logs_v1::LogsService;
  using Request = logs_v1::ExportLogsServiceRequest;
  using Response = logs_v1::ExportLogsServiceResponse;

  static auto& add_resource(Request& request) { return *request.add_resource_logs(); }
  template <class PerResource>
  static auto& add_scope(PerResource& resource) {
    return *resource.add_scope_logs();
  }
  template <class PerScope>
  static void add(PerScope& scope, Recordable& record) {
    *scope.add_log_records() = std::move(record.log_record());
  }
  /// What was not sent, for our own store, which shows it with the logs.
  static void tell_losses(otel::proto::common::v1::InstrumentationScope& scope, const Drops& drops) {
    add_count(scope, "ldt.dropped", drops.logs + drops.spans);
    add_count(scope, "ldt.left_out", drops.left_out);
  }
  static std::int64_t rejected(const Response& response) { return response.partial_success().rejected_log_records(); }
  static std::atomic<std::uint64_t>& drops(Drops& all) { return all.logs; }
};

struct SpanSignal {
  using Recordable = otlp::OtlpRecordable;
  using Service = trace_v1::TraceService;
  using Request = trace_v1::ExportTraceServiceRequest;
  using Response = trace_v1::ExportTraceServiceResponse;

  static auto& add_resource(Request& request) { return *request.add_resource_spans(); }
  template <class PerResource>
  static auto& add_scope(PerResource& resource) {
    return *resource.add_scope_spans();
  }
  template <class PerScope>
  static void add(PerScope& scope, Recordable& record) {
    *scope.add_spans() = std::move(record.span());
  }
  static void tell_losses(otel::proto::common::v1::InstrumentationScope&, const Drops&) {}
  static std::int64_t rejected(const Response& response) { return response.partial_success().rejected_spans(); }
  static std::atomic<std::uint64_t>& drops(Drops& all) { return all.spans; }
};

/// The queue of one signal and its way to the collector.
template <class Kind>
class Batches {
 public:
  using Recordable = typename Kind::Recordable;

  Batches(Receiver receiver, OtlpConnection<typename Kind::Service> connection, const BatchSettings& settings,
          Shared& shared, std::function<void()> after_batch)
      : receiver_(receiver),
        connection_(std::move(connection)),
        batch_size_(settings.batch_size),
        shared_(shared),
        after_batch_(std::move(after_batch)),
        queue_({settings.queue_size, kRoomForWarnings, settings.batch_size, settings.delay},
               [this](Batch& batch) { consume(batch); }) {}

  void push(bool important, std::unique_ptr<Recordable> record) {
    const bool taken = queue_.push(important, [&](Batch& batch) { batch.push_back(std::move(record)); });
    if (!taken) Kind::drops(shared_.drops) += 1;
  }

  void flush(std::chrono::steady_clock::time_point deadline) { queue_.flush(deadline); }
  void begin_stop() { queue_.begin_stop(); }
  void stop() { queue_.stop(); }

 private:
  using Batch = std::vector<std::unique_ptr<Recordable>>;

  void consume(Batch& batch) {
    const std::span all(batch);
    for (std::size_t from = 0; from < all.size(); from += batch_size_) {
      send(all.subspan(from, std::min(batch_size_, all.size() - from)));
    }
    after_batch_();
  }

  void send(std::span<std::unique_ptr<Recordable>> records) {
    typename Kind::Request request;
    auto& per_resource = Kind::add_resource(request);
    otlp::OtlpPopulateAttributeUtils::PopulateAttribute(per_resource.mutable_resource(), resource_);
    auto& per_scope = Kind::add_scope(per_resource);
    per_scope.mutable_scope()->set_name(kScopeName);
    per_scope.mutable_scope()->set_version(shared_.version);
    if (receiver_ == Receiver::kStore) Kind::tell_losses(*per_scope.mutable_scope(), shared_.drops);
    for (const auto& record : records) Kind::add(per_scope, *record);
    typename Kind::Response response;
    const grpc::Status status = connection_.deliver(request, response);
    const auto rejected = status.ok() ? static_cast<std::uint64_t>(Kind::rejected(response)) : records.size();
    if (rejected > 0)
      complain(rejected, status.ok() ? response.partial_success().error_message() : status.error_message());
  }

  void complain(std::uint64_t rejected, const std::string& why) {
    Kind::drops(shared_.drops) += rejected;
    if (receiver_ == Receiver::kCollector)
      shared_.complaints.say("OTLP to " + connection_.endpoint() + " failed, records are dropped: " + why);
  }

  const Receiver receiver_;
  OtlpConnection<typename Kind::Service> connection_;
  const std::size_t batch_size_;
  Shared& shared_;
  const std::function<void()> after_batch_;
  const otel::sdk::resource::Resource resource_ = make_resource(shared_);
  BatchQueue<Batch> queue_;  // last: its thread uses all the others
};

otel::trace::TraceId sdk_id(const TraceId& id) { return otel::trace::TraceId(id); }
otel::trace::SpanId sdk_id(const SpanId& id) { return otel::trace::SpanId(id); }

otel::trace::TraceFlags sdk_flags(const TraceContext& context) {
  return otel::trace::TraceFlags(context.sampled ? otel::trace::TraceFlags::kIsSampled : std::uint8_t{0});
}

otel::trace::SpanContext sdk_context(const TraceContext& context) {
  return {sdk_id(context.trace_id), sdk_id(context.span_id), sdk_flags(context), false};
}

otel::common::SystemTimestamp sdk_time(WallTime time) {
  return otel::common::SystemTimestamp(std::chrono::microseconds{time.us});
}

template <class Recordable>
void set_attributes(Recordable& record, Attributes attributes) {
  for (const Attribute& attribute : attributes) {
    record.SetAttribute(sdk_view(attribute.key), SdkValue(attribute.value).get());
  }
}

otel::logs::Severity sdk_severity(Severity severity) {
  switch (severity) {
    case Severity::kDebug:
      return otel::logs::Severity::kDebug;
    case Severity::kInfo:
      return otel::logs::Severity::kInfo;
    case Severity::kWarn:
      return otel::logs::Severity::kWarn;
    case Severity::kError:
      return otel::logs::Severity::kError;
  }
  return otel::logs::Severity::kError;
}

otel::trace::SpanKind sdk_kind(SpanKind kind) {
  switch (kind) {
    case SpanKind::kInternal:
      return otel::trace::SpanKind::kInternal;
    case SpanKind::kServer:
      return otel::trace::SpanKind::kServer;
    case SpanKind::kClient:
      return otel::trace::SpanKind::kClient;
  }
  return otel::trace::SpanKind::kInternal;
}

class OtlpLogs final : public LogSink {
 public:
  template <class... Args>
  explicit OtlpLogs(Args&&... args) : batches_(std::forward<Args>(args)...) {}

  void log(Severity severity, std::string_view body, const TraceContext* context, Attributes attributes) override {
    auto record = std::make_unique<otlp::OtlpLogRecordable>();
    const auto now = sdk_time(SystemClock{}.wall());
    record->SetTimestamp(now);
    record->SetObservedTimestamp(now);
    record->SetSeverity(sdk_severity(severity));
    record->SetBody(SdkValue(body).get());
    if (context != nullptr && context->valid()) {
      record->SetTraceId(sdk_id(context->trace_id));
      record->SetSpanId(sdk_id(context->span_id));
      record->SetTraceFlags(sdk_flags(*context));
    }
    set_attributes(*record, attributes);
    batches_.push(severity >= Severity::kWarn, std::move(record));
  }

  void flush(std::chrono::steady_clock::time_point deadline) override { batches_.flush(deadline); }
  void begin_stop() override { batches_.begin_stop(); }
  void stop() override { batches_.stop(); }

 private:
  Batches<LogSignal> batches_;
};

class OtlpSpans final : public SpanSink {
 public:
  template <class... Args>
  explicit OtlpSpans(Args&&... args) : batches_(std::forward<Args>(args)...) {}

  void span(const Span& span, Attributes attributes) override {
    auto record = std::make_unique<otlp::OtlpRecordable>();
    std::string repaired;
    record->SetIdentity(sdk_context(span.context), sdk_id(span.parent));
    record->SetName(sdk_view(valid_utf8(span.name, repaired)));
    record->SetTraceFlags(sdk_flags(span.context));
    record->SetSpanKind(sdk_kind(span.kind));
    record->SetStartTime(sdk_time(span.start));
    record->SetDuration(std::max(span.duration, std::chrono::nanoseconds{0}));
    if (span.link && span.link->valid()) {
      record->AddLink(sdk_context(*span.link), otel::sdk::GetEmptyAttributes());
    }
    if (span.failed) {
      record->SetStatus(otel::trace::StatusCode::kError, sdk_view(valid_utf8(span.status_detail, repaired)));
    }
    set_attributes(*record, attributes);
    batches_.push(false, std::move(record));
  }

  void flush(std::chrono::steady_clock::time_point deadline) override { batches_.flush(deadline); }
  void begin_stop() override { batches_.begin_stop(); }
  void stop() override { batches_.stop(); }

 private:
  Batches<SpanSignal> batches_;
};

}  // namespace

std::unique_ptr<LogSink> make_otlp_logs(const Settings& settings, Shared& shared, std::function<void()> after_batch) {
  auto connection = make_connection<LogSignal::Service, otlp::OtlpGrpcLogRecordExporterOptions>(
      Signal::kLogs, settings.logs_protocol, settings.logs_timeout, shared);
  if (!connection.usable()) return nullptr;
  return std::make_unique<OtlpLogs>(Receiver::kCollector, std::move(connection), settings.log_batches, shared,
                                    std::move(after_batch));
}

std::unique_ptr<SpanSink> make_otlp_spans(const Settings& settings, Shared& shared) {
  auto connection = make_connection<SpanSignal::Service, otlp::OtlpGrpcExporterOptions>(
      Signal::kTraces, settings.traces_protocol, settings.traces_timeout, shared);
  if (!connection.usable()) return nullptr;
  return std::make_unique<OtlpSpans>(Receiver::kCollector, std::move(connection), settings.span_batches, shared, [] {});
}

std::unique_ptr<LogSink> make_store_logs(const std::shared_ptr<grpc::Channel>& store, const Settings& settings,
                                         Shared& shared) {
  return std::make_unique<OtlpLogs>(Receiver::kStore,
                                    OtlpConnection<LogSignal::Service>(store, kStoreTimeout, shared.stop),
                                    settings.log_batches, shared, [] {});
}

std::unique_ptr<SpanSink> make_store_spans(const std::shared_ptr<grpc::Channel>& store, const Settings& settings,
                                           Shared& shared) {
  return std::make_unique<OtlpSpans>(Receiver::kStore,
                                     OtlpConnection<SpanSignal::Service>(store, kStoreTimeout, shared.stop),
                                     settings.span_batches, shared, [] {});
}

}  // namespace ldt::telemetry
