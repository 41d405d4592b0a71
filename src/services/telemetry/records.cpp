#include "services/telemetry/records.h"

#include <algorithm>

namespace ldt::telemetry_store {
namespace {

std::size_t bytes_of(const LogRecord& record) { return sizeof record + record.body.size() + record.attributes.size(); }

std::size_t bytes_of(const SpanRecord& span) {
  return sizeof span + span.name.size() + span.status_detail.size() + span.attributes.size() + span.links.size();
}

std::size_t bytes_of(const PointRecord& point) {
  const std::size_t numbers = (point.bounds.size() + point.buckets.size()) * sizeof(double);
  return sizeof point + point.name.size() + point.unit.size() + 2 * point.attributes.size() + point.value.size() +
         point.description.size() + numbers;
}

}  // namespace

std::size_t bytes_of(const Batch& batch) {
  std::size_t bytes = sizeof batch;
  for (const auto& resource : batch.resources) bytes += sizeof resource + resource.attributes.size();
  for (const auto& record : batch.logs) bytes += bytes_of(record);
  for (const auto& span : batch.spans) bytes += bytes_of(span);
  for (const auto& point : batch.points) bytes += bytes_of(point);
  return bytes;
}

std::uint64_t keep_only_warnings(Batch& batch) {
  const std::size_t before = batch.size();
  std::erase_if(batch.logs, [](const LogRecord& record) { return record.severity < kWarnSeverity; });
  batch.spans.clear();
  batch.points.clear();
  return before - batch.size();
}

}  // namespace ldt::telemetry_store
