// Turns OTLP requests into JSON lines.
// Pure. Depends on the OTLP protos and nlohmann-json. Invariant: see the header.
#include "records.h"

#include <string_view>

#include <nlohmann/json.hpp>

namespace otlp_receiver {
namespace {

namespace proto = opentelemetry::proto;
using Json = nlohmann::ordered_json;

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

Json value_of(const proto::common::v1::AnyValue& value) {
  switch (value.value_case()) {
    case proto::common::v1::AnyValue::kStringValue:
      return value.string_value();
    case proto::common::v1::AnyValue::kBoolValue:
      return value.bool_value();
    case proto::common::v1::AnyValue::kIntValue:
      return value.int_value();
    case proto::common::v1::AnyValue::kDoubleValue:
      return value.double_value();
    default:
      return value.ShortDebugString();
  }
}

template <class KeyValues>
Json object_of(const KeyValues& attributes) {
  Json object = Json::object();
  for (const auto& attribute : attributes) object[attribute.key()] = value_of(attribute.value());
  return object;
}

struct Source {
  Json resource;
  Json service;  // service.name
};

template <class PerResource>
Source source_of(const PerResource& records) {
  Source source{object_of(records.resource().attributes()), nullptr};
  if (source.resource.contains("service.name")) source.service = source.resource["service.name"];
  return source;
}

void append(std::string& out, const Json& line) {
  out += line.dump(-1, ' ', false, Json::error_handler_t::replace);
  out += '\n';
}

Json json_of(const proto::logs::v1::LogRecord& record, const Source& source) {
  return {{"signal", "log"},
          {"service", source.service},
          {"trace_id", hex(record.trace_id())},
          {"span_id", hex(record.span_id())},
          {"time_unix_nano", record.time_unix_nano()},
          {"severity", record.severity_text()},
          {"severity_number", static_cast<int>(record.severity_number())},
          {"body", value_of(record.body())},
          {"attributes", object_of(record.attributes())},
          {"resource", source.resource}};
}

Json json_of(const proto::trace::v1::Span& span, const Source& source) {
  Json links = Json::array();
  for (const auto& link : span.links()) {
    links.push_back({{"trace_id", hex(link.trace_id())}, {"span_id", hex(link.span_id())}});
  }
  return {{"signal", "span"},
          {"service", source.service},
          {"trace_id", hex(span.trace_id())},
          {"span_id", hex(span.span_id())},
          {"parent_span_id", hex(span.parent_span_id())},
          {"name", span.name()},
          {"kind", proto::trace::v1::Span::SpanKind_Name(span.kind())},
          {"start_unix_nano", span.start_time_unix_nano()},
          {"duration_ns", span.end_time_unix_nano() - span.start_time_unix_nano()},
          {"status", proto::trace::v1::Status::StatusCode_Name(span.status().code())},
          {"status_message", span.status().message()},
          {"links", links},
          {"attributes", object_of(span.attributes())},
          {"resource", source.resource}};
}

Json point_of(const proto::metrics::v1::Metric& metric, const Source& source, const char* type,
              const Json& attributes) {
  return {{"signal", "metric"}, {"service", source.service}, {"name", metric.name()}, {"unit", metric.unit()},
          {"type", type},       {"attributes", attributes}};
}

void append_points(std::string& out, const proto::metrics::v1::Metric& metric, const Source& source) {
  const auto append_number = [&](const char* type, const proto::metrics::v1::NumberDataPoint& point) {
    Json line = point_of(metric, source, type, object_of(point.attributes()));
    line["value"] = point.value_case() == proto::metrics::v1::NumberDataPoint::kAsInt ? Json(point.as_int())
                                                                                      : Json(point.as_double());
    append(out, line);
  };
  for (const auto& point : metric.sum().data_points()) append_number("sum", point);
  for (const auto& point : metric.gauge().data_points()) append_number("gauge", point);
  for (const auto& point : metric.histogram().data_points()) {
    Json line = point_of(metric, source, "histogram", object_of(point.attributes()));
    line["count"] = point.count();
    line["sum"] = point.sum();
    line["bounds"] = point.explicit_bounds();
    line["buckets"] = point.bucket_counts();
    append(out, line);
  }
}

}  // namespace

std::string lines(const proto::collector::logs::v1::ExportLogsServiceRequest& request) {
  std::string out;
  for (const auto& per_resource : request.resource_logs()) {
    const Source source = source_of(per_resource);
    for (const auto& per_scope : per_resource.scope_logs()) {
      for (const auto& record : per_scope.log_records()) append(out, json_of(record, source));
    }
  }
  return out;
}

std::string lines(const proto::collector::trace::v1::ExportTraceServiceRequest& request) {
  std::string out;
  for (const auto& per_resource : request.resource_spans()) {
    const Source source = source_of(per_resource);
    for (const auto& per_scope : per_resource.scope_spans()) {
      for (const auto& span : per_scope.spans()) append(out, json_of(span, source));
    }
  }
  return out;
}

std::string lines(const proto::collector::metrics::v1::ExportMetricsServiceRequest& request) {
  std::string out;
  for (const auto& per_resource : request.resource_metrics()) {
    const Source source = source_of(per_resource);
    for (const auto& per_scope : per_resource.scope_metrics()) {
      for (const auto& metric : per_scope.metrics()) append_points(out, metric, source);
    }
  }
  return out;
}

}  // namespace otlp_receiver
