// Metrics in Prometheus' text format, under the names that OpenTelemetry's compatibility specification gives them.
// Pure. Invariant: one family has one type and stands together; a series is told once.
// Source: OpenTelemetry specification, "Prometheus and OpenMetrics Compatibility"; Prometheus, "Exposition formats".
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "services/telemetry/records.h"

namespace ldt::telemetry_store {

class PrometheusText {
 public:
  /// What is known of the sender, as `target_info`.
  void add_target(const Resource& resource);
  /// A point that has no place there, or whose family has another type already, is left out.
  void add(const Resource& resource, const PointRecord& point);
  [[nodiscard]] std::string take() const;

 private:
  struct Family {
    std::string type;
    std::string help;
    std::string lines;
    std::set<std::string> told;  // labels of its series
  };

  /// Nothing where the name has another type, or the series is there.
  Family* family(const std::string& name, std::string_view type, const std::string& help, const std::string& labels);

  std::map<std::string, Family> families_;
};

/// "ldt.step.duration", "s", histogram: "ldt_step_duration_seconds".
[[nodiscard]] std::string prometheus_name(std::string_view name, std::string_view unit, PointShape shape);

}  // namespace ldt::telemetry_store
