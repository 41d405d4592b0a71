// What an OTLP request holds, as JSON lines that a test can search.
// Depends on the OTLP protos. Invariant: one line per log record, span or metric point; always valid JSON.
#pragma once

#include <string>

#include "opentelemetry/proto/collector/logs/v1/logs_service.pb.h"
#include "opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"

namespace otlp_receiver {

/// {"signal":"log","service":…,"trace_id":…,"span_id":…,"severity":…,"body":…,"attributes":{…},"resource":{…}}
std::string lines(const opentelemetry::proto::collector::logs::v1::ExportLogsServiceRequest& request);

/// {"signal":"span","service":…,"trace_id":…,"span_id":…,"parent_span_id":…,"name":…,"kind":…,"links":[…],…}
std::string lines(const opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest& request);

/// {"signal":"metric","service":…,"name":…,"unit":…,"type":"sum"|"gauge"|"histogram","attributes":{…}, then "value"
/// or "count", "sum", "bounds" and "buckets"}
std::string lines(const opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceRequest& request);

}  // namespace otlp_receiver
