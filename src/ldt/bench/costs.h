// What the services' processes spent, from GET /v1/statistics.
// Pure. Invariant: a difference is of one life of a process; one that was restarted in between has none.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ldt::bench {

/// Counters of one service since its process began.
struct ServiceCosts {
  std::string service;
  std::int64_t uptime_us = 0;
  std::int64_t cpu_us = 0;
  std::int64_t resident_bytes = 0;  // a state, not a counter
  std::int64_t commits = 0;
  std::int64_t operations = 0;
  std::int64_t fsyncs = 0;
  std::int64_t bytes_written = 0;
};

/// Of the services that are up, from the answer's JSON; none where it is something else.
[[nodiscard]] std::vector<ServiceCosts> parse_statistics(std::string_view json);

/// What was spent between the two, for each service that is in both and was not restarted in between.
/// @param elapsed  between the two
[[nodiscard]] std::vector<ServiceCosts> difference(const std::vector<ServiceCosts>& before,
                                                   const std::vector<ServiceCosts>& after,
                                                   std::chrono::microseconds elapsed);

}  // namespace ldt::bench
