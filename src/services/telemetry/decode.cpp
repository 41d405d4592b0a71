#include "services/telemetry/decode.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include <google/protobuf/arena.h>

#include "base/order_id.h"
#include "opentelemetry/proto/collector/logs/v1/logs_service.pb.h"
#include "opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"
#include "platform/http/json_writer.h"
#include "services/telemetry/json_attributes.h"

namespace ldt::telemetry_store {
namespace {

namespace otlp = opentelemetry::proto;
using LogsRequest = otlp::collector::logs::v1::ExportLogsServiceRequest;
using TraceRequest = otlp::collector::trace::v1::ExportTraceServiceRequest;
using MetricsRequest = otlp::collector::metrics::v1::ExportMetricsServiceRequest;

constexpr std::string_view kOrderId = "order_id";
constexpr std::size_t kTraceIdBytes = 16;
constexpr std::size_t kSpanIdBytes = 8;
constexpr std::int64_t kNanosPerMicro = 1'000;

std::int64_t to_us(std::uint64_t nanos) { return static_cast<std::int64_t>(nanos / kNanosPerMicro); }

/// The id, or nothing where it is not one: of another length, or all zero.
std::string id_or_empty(const std::string& bytes, std::size_t length) {
  const bool zero = std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == '\0'; });
  return bytes.size() == length && !zero ? bytes : std::string();
}

std::string order_in(const KeyValues& attributes) {
  const auto order = OrderId::parse(string_in(attributes, kOrderId));
  return order ? std::string(order->view()) : std::string();
}

/// With an order of ours, `order_id` has a place of its own.
std::string attributes_json(const KeyValues& attributes, const std::string& order) {
  return to_json(attributes, order.empty() ? std::string_view() : kOrderId);
}

void reject(Batch& batch, std::string_view why) {
  if (batch.rejected++ == 0) batch.why = why;
}

std::size_t add_resource(Batch& batch, const otlp::resource::v1::Resource& resource) {
  const auto name = string_in(resource.attributes(), "service.name");
  batch.resources.push_back(
      {std::string(name.empty() ? "unknown" : name), to_json(resource.attributes()), to_labels(resource.attributes())});
  return batch.resources.size() - 1;
}

int severity_of(const otlp::logs::v1::LogRecord& record) {
  const int number = record.severity_number();
  return number >= 1 && number <= 24 ? number : kInfoSeverity;
}

void add(Batch& batch, std::size_t resource, const otlp::logs::v1::LogRecord& record, WallTime now) {
  const std::uint64_t nanos = record.time_unix_nano() != 0 ? record.time_unix_nano() : record.observed_time_unix_nano();
  LogRecord& log = batch.logs.emplace_back();
  log.resource = resource;
  log.time_us = nanos != 0 ? to_us(nanos) : now.us;
  log.severity = severity_of(record);
  log.body = to_text(record.body());
  log.trace_id = id_or_empty(record.trace_id(), kTraceIdBytes);
  log.span_id = id_or_empty(record.span_id(), kSpanIdBytes);
  log.order_id = order_in(record.attributes());
  log.attributes = attributes_json(record.attributes(), log.order_id);
}

std::string links_json(const otlp::trace::v1::Span& span) {
  std::string out = "[";
  http::Comma comma;
  for (const auto& link : span.links()) {
    comma(out);
    out += R"({"trace_id":")" + to_hex(link.trace_id()) + R"(","span_id":")" + to_hex(link.span_id()) + "\"}";
  }
  return out + "]";
}

/// A span's events are log records of the span: that is what the readers look for, and what OpenTelemetry makes of
/// them.
void add_event(Batch& batch, const SpanRecord& span, const otlp::trace::v1::Span::Event& event) {
  LogRecord& log = batch.logs.emplace_back();
  log.resource = span.resource;
  log.time_us = to_us(event.time_unix_nano());
  log.body = event.name();
  log.trace_id = span.trace_id;
  log.span_id = span.span_id;
  log.order_id = span.order_id;
  log.attributes = to_json(event.attributes());
}

void add(Batch& batch, std::size_t resource, const otlp::trace::v1::Span& span) {
  const std::string trace_id = id_or_empty(span.trace_id(), kTraceIdBytes);
  const std::string span_id = id_or_empty(span.span_id(), kSpanIdBytes);
  if (trace_id.empty() || span_id.empty()) return reject(batch, "a span without a valid trace id and span id");
  SpanRecord& record = batch.spans.emplace_back();
  record.resource = resource;
  record.trace_id = trace_id;
  record.span_id = span_id;
  record.parent_span_id = id_or_empty(span.parent_span_id(), kSpanIdBytes);
  record.name = span.name();
  record.kind = span.kind();
  record.start_us = to_us(span.start_time_unix_nano());
  record.duration_us = std::max<std::int64_t>(0, to_us(span.end_time_unix_nano()) - record.start_us);
  record.status = span.status().code();
  record.status_detail = span.status().message();
  record.order_id = order_in(span.attributes());
  record.attributes = attributes_json(span.attributes(), record.order_id);
  record.links = links_json(span);
  for (const auto& event : span.events()) add_event(batch, record, event);
}

template <class Numbers, class Append>
void append_list(std::string& out, std::string_view name, const Numbers& numbers, Append append) {
  out.append(",\"").append(name).append("\":[");
  http::Comma comma;
  for (const auto number : numbers) {
    comma(out);
    append(out, number);
  }
  out.push_back(']');
}

template <class Point>
std::string count_and_sum(const Point& point) {
  std::string out = "{\"count\":" + std::to_string(point.count()) + ",\"sum\":";
  append_number(out, point.sum());
  return out;
}

std::string value_of(const otlp::metrics::v1::NumberDataPoint& point) {
  if (point.value_case() == otlp::metrics::v1::NumberDataPoint::kAsInt) return std::to_string(point.as_int());
  std::string out;
  append_number(out, point.as_double());
  return out;
}

std::string value_of(const otlp::metrics::v1::HistogramDataPoint& point) {
  std::string out = count_and_sum(point);
  append_list(out, "bounds", point.explicit_bounds(), append_number);
  append_list(out, "counts", point.bucket_counts(),
              [](std::string& to, std::uint64_t count) { to += std::to_string(count); });
  return out + "}";
}

std::string value_of(const otlp::metrics::v1::ExponentialHistogramDataPoint& point) {
  return count_and_sum(point) + ",\"scale\":" + std::to_string(point.scale()) + "}";
}

std::string value_of(const otlp::metrics::v1::SummaryDataPoint& point) { return count_and_sum(point) + "}"; }

void fill_numbers(PointRecord& record, const otlp::metrics::v1::NumberDataPoint& point) {
  const bool whole = point.value_case() == otlp::metrics::v1::NumberDataPoint::kAsInt;
  record.number = whole ? static_cast<double>(point.as_int()) : point.as_double();
}

/// One whose buckets make no sense has no place in Prometheus.
void fill_numbers(PointRecord& record, const otlp::metrics::v1::HistogramDataPoint& point) {
  record.number = point.sum();
  record.count = point.count();
  record.bounds.assign(point.explicit_bounds().begin(), point.explicit_bounds().end());
  record.buckets.assign(point.bucket_counts().begin(), point.bucket_counts().end());
  const bool finite =
      std::all_of(record.bounds.begin(), record.bounds.end(), [](double b) { return std::isfinite(b); });
  const bool sound =
      finite && record.buckets.size() == record.bounds.size() + 1 &&
      std::adjacent_find(record.bounds.begin(), record.bounds.end(), std::greater_equal<>()) == record.bounds.end();
  if (!sound) record.shape = PointShape::kOther;
}

template <class Other>
void fill_numbers(PointRecord&, const Other&) {}

template <class Points>
void add_points(Batch& batch, std::size_t resource, const otlp::metrics::v1::Metric& metric, const char* kind,
                PointShape shape, const Points& points, WallTime now) {
  for (const auto& point : points) {
    const std::int64_t time = point.time_unix_nano() != 0 ? to_us(point.time_unix_nano()) : now.us;
    PointRecord& record = batch.points.emplace_back(
        PointRecord{resource, time, metric.name(), metric.unit(), kind, to_json(point.attributes()), value_of(point)});
    if (shape == PointShape::kOther) continue;
    record.shape = shape;
    record.description = metric.description();
    record.labels = to_labels(point.attributes());
    fill_numbers(record, point);
  }
}

/// Prometheus counts from the start: what counts since the last time only has no place there.
template <class Data>
PointShape shape_of(const Data& data, PointShape shape) {
  return data.aggregation_temporality() == otlp::metrics::v1::AGGREGATION_TEMPORALITY_CUMULATIVE ? shape
                                                                                                 : PointShape::kOther;
}

void add(Batch& batch, std::size_t resource, const otlp::metrics::v1::Metric& metric, WallTime now) {
  using Metric = otlp::metrics::v1::Metric;
  const auto add_kind = [&](const char* kind, PointShape shape, const auto& data) {
    add_points(batch, resource, metric, kind, shape, data.data_points(), now);
  };
  switch (metric.data_case()) {
    case Metric::kGauge:
      return add_kind("gauge", PointShape::kGauge, metric.gauge());
    case Metric::kSum:
      return add_kind("sum",
                      shape_of(metric.sum(), metric.sum().is_monotonic() ? PointShape::kCounter : PointShape::kGauge),
                      metric.sum());
    case Metric::kHistogram:
      return add_kind("histogram", shape_of(metric.histogram(), PointShape::kHistogram), metric.histogram());
    case Metric::kExponentialHistogram:
      return add_kind("exponential_histogram", PointShape::kOther, metric.exponential_histogram());
    case Metric::kSummary:
      return add_kind("summary", PointShape::kOther, metric.summary());
    default:
      return reject(batch, "a metric without data");
  }
}

/// Our own services say with their log records what they did not send (src/platform/telemetry/otlp.cpp).
void add_counts(Batch& batch, const otlp::resource::v1::Resource& resource, const KeyValues& scope) {
  const std::uint64_t dropped = count_in(scope, "ldt.dropped");
  const std::uint64_t left_out = count_in(scope, "ldt.left_out");
  if (dropped == 0 && left_out == 0) return;
  batch.counts.push_back({std::string(string_in(resource.attributes(), "service.instance.id")), dropped, left_out});
}

Batch read(const LogsRequest& request, WallTime now) {
  Batch batch;
  for (const auto& per_resource : request.resource_logs()) {
    const auto resource = add_resource(batch, per_resource.resource());
    for (const auto& per_scope : per_resource.scope_logs()) {
      add_counts(batch, per_resource.resource(), per_scope.scope().attributes());
      for (const auto& record : per_scope.log_records()) add(batch, resource, record, now);
    }
  }
  return batch;
}

Batch read(const TraceRequest& request, WallTime) {
  Batch batch;
  for (const auto& per_resource : request.resource_spans()) {
    const auto resource = add_resource(batch, per_resource.resource());
    for (const auto& per_scope : per_resource.scope_spans()) {
      for (const auto& span : per_scope.spans()) add(batch, resource, span);
    }
  }
  return batch;
}

Batch read(const MetricsRequest& request, WallTime now) {
  Batch batch;
  for (const auto& per_resource : request.resource_metrics()) {
    const auto resource = add_resource(batch, per_resource.resource());
    for (const auto& per_scope : per_resource.scope_metrics()) {
      for (const auto& metric : per_scope.metrics()) add(batch, resource, metric, now);
    }
  }
  return batch;
}

template <class Request>
Result<Batch> parse_and_read(std::string_view bytes, WallTime now) {
  google::protobuf::Arena arena;  // thousands of small messages, taken and given back at once
  auto& request = *google::protobuf::Arena::CreateMessage<Request>(&arena);
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return failure(ErrorKind::kInvalid, "not a protobuf message of this kind");
  }
  return read(request, now);
}

template <class Response, class SetRejected>
std::string encode(std::uint64_t rejected, const std::string& why, SetRejected set_rejected) {
  Response response;
  if (rejected > 0) {
    set_rejected(*response.mutable_partial_success(), static_cast<std::int64_t>(rejected));
    response.mutable_partial_success()->set_error_message(why);
  }
  return response.SerializeAsString();
}

}  // namespace

Result<Batch> decode(Signal signal, std::string_view request, WallTime now) {
  switch (signal) {
    case Signal::kLogs:
      return parse_and_read<LogsRequest>(request, now);
    case Signal::kTraces:
      return parse_and_read<TraceRequest>(request, now);
    case Signal::kMetrics:
      return parse_and_read<MetricsRequest>(request, now);
  }
  return failure(ErrorKind::kInvalid, "no such signal");
}

std::string encode_response(Signal signal, std::uint64_t rejected, const std::string& why) {
  switch (signal) {
    case Signal::kLogs:
      return encode<otlp::collector::logs::v1::ExportLogsServiceResponse>(
          rejected, why, [](auto& partial, std::int64_t count) { partial.set_rejected_log_records(count); });
    case Signal::kTraces:
      return encode<otlp::collector::trace::v1::ExportTraceServiceResponse>(
          rejected, why, [](auto& partial, std::int64_t count) { partial.set_rejected_spans(count); });
    case Signal::kMetrics:
      return encode<otlp::collector::metrics::v1::ExportMetricsServiceResponse>(
          rejected, why, [](auto& partial, std::int64_t count) { partial.set_rejected_data_points(count); });
  }
  return {};
}

}  // namespace ldt::telemetry_store
