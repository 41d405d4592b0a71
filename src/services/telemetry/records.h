// What the store keeps, as it arrives and before it is written: ids as bytes, attributes as JSON text.
// Depends on nothing. Invariant: ids are empty or of their full length; JSON is valid.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ldt::telemetry_store {

/// OpenTelemetry's severity numbers.
inline constexpr int kInfoSeverity = 9;
inline constexpr int kWarnSeverity = 13;

/// Attributes by name, values as text.
using Labels = std::vector<std::pair<std::string, std::string>>;

/// Who sent it.
struct Resource {
  std::string service;
  std::string attributes;  // JSON
  Labels labels;           // the same, for Prometheus
};

struct LogRecord {
  std::size_t resource = 0;  // in its batch
  std::int64_t time_us = 0;
  int severity = kInfoSeverity;
  std::string body;
  std::string trace_id;  // 16 bytes or empty
  std::string span_id;   // 8 bytes or empty
  std::string order_id;  // 16 bytes or empty
  std::string attributes;
};

struct SpanRecord {
  std::size_t resource = 0;
  std::string trace_id;
  std::string span_id;
  std::string parent_span_id;  // empty: a root
  std::string name;
  int kind = 0;
  std::int64_t start_us = 0;
  std::int64_t duration_us = 0;
  int status = 0;
  std::string status_detail;
  std::string order_id;
  std::string attributes;
  std::string links;  // JSON
};

/// What a point is to Prometheus; kOther: it has no place there.
enum class PointShape { kOther, kGauge, kCounter, kHistogram };

/// One data point of a metric.
struct PointRecord {
  std::size_t resource = 0;
  std::int64_t time_us = 0;
  std::string name;
  std::string unit;
  std::string kind;  // "gauge", "sum", "histogram", ...
  std::string attributes;
  std::string value;  // JSON: a number, or an object of what its kind has

  PointShape shape = PointShape::kOther;
  std::string description;
  Labels labels;                       // the attributes again
  double number = 0;                   // a gauge's or counter's value, a histogram's sum
  std::uint64_t count = 0;             // of a histogram
  std::vector<double> bounds;          // of its buckets, ascending; one more bucket follows
  std::vector<std::uint64_t> buckets;  // how many fell into each
};

/// What a sender says of itself: records that it could not keep, and that it left out since nobody sampled them.
struct SenderCounts {
  std::string sender;
  std::uint64_t dropped = 0;
  std::uint64_t left_out = 0;
};

/// What one export request brought.
struct Batch {
  std::vector<Resource> resources;
  std::vector<LogRecord> logs;
  std::vector<SpanRecord> spans;
  std::vector<PointRecord> points;
  std::vector<SenderCounts> counts;
  std::uint64_t rejected = 0;  // records that were malformed
  std::string why;             // the first of them

  [[nodiscard]] bool empty() const { return logs.empty() && spans.empty() && points.empty(); }
  [[nodiscard]] std::size_t size() const { return logs.size() + spans.size() + points.size(); }
};

/// About how much memory it takes.
[[nodiscard]] std::size_t bytes_of(const Batch& batch);
/// Drops all but the log records of WARN and above. @return how many went
std::uint64_t keep_only_warnings(Batch& batch);

}  // namespace ldt::telemetry_store
