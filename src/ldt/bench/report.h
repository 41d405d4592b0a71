// What a run of the benchmark came to, for people and as JSON.
// Pure. Invariant: a run is good only if every order ended as it had to, and the audit found nothing.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "ldt/arguments.h"
#include "ldt/bench/costs.h"
#include "ldt/bench/load.h"
#include "ldt/bench/workload.h"

namespace ldt::bench {

struct Report {
  BenchCommand asked;
  Measured orders;
  OrderTally tally;
  Measured no_work;
  std::uint64_t no_work_failures = 0;
  std::uint64_t all_answers = 0;    // also those before and after the measured time
  std::vector<ServiceCosts> spent;  // by the services, while `spent_orders` were answered
  bool spent_by_all = false;        // none of the services was restarted or gone
  std::uint64_t spent_orders = 0;
  std::int64_t generator_cpu_us = 0;  // in the same time
  std::int64_t most_resident = 0;     // bytes, all services together; where that was looked at each second
  boost::json::value audit;           // the answer; null: there was none
  std::string audit_problem;          // why
  bool audit_clean = false;
};

/// With so many decimals.
[[nodiscard]] std::string fixed(double value, int decimals);
/// Without decimals, the thousands apart: 21,934.
[[nodiscard]] std::string grouped(double value);

[[nodiscard]] double orders_per_second(const Report& report);
/// Every order ended as it had to, some did, and the audit is clean. In an open loop 503 is no surprise: whoever asks
/// for more than the marketplace can carry is told so.
[[nodiscard]] bool is_good(const Report& report);
[[nodiscard]] std::string text_of(const Report& report);
[[nodiscard]] std::string json_of(const Report& report);

}  // namespace ldt::bench
