#include "ldt/bench/costs.h"

#include <algorithm>
#include <boost/json/parse.hpp>

#include "ldt/output/json_access.h"

namespace ldt::bench {
namespace {

ServiceCosts parse_service(const boost::json::value& service) {
  const auto count = [&](std::string_view member) { return json::number(service, member).value_or(0); };
  return {json::text(service, "service"),
          count("uptime_us"),
          count("cpu_us"),
          count("resident_bytes"),
          count("commits"),
          count("operations"),
          count("fsyncs"),
          count("bytes_written")};
}

/// Of another process it is known when it began: later than the first reading, so by the age of the first process at
/// least after that one. Half of it is left to the answers' different ways.
bool restarted(const ServiceCosts& then, const ServiceCosts& now, std::int64_t elapsed_us) {
  return elapsed_us - (now.uptime_us - then.uptime_us) > then.uptime_us / 2;
}

}  // namespace

std::vector<ServiceCosts> parse_statistics(std::string_view json_text) {
  boost::json::error_code error;
  const auto answer = boost::json::parse(json_text, error);
  std::vector<ServiceCosts> services;
  if (error) return services;
  for (const auto& service : json::array(answer, "services")) {
    if (json::flag(service, "up")) services.push_back(parse_service(service));
  }
  return services;
}

std::vector<ServiceCosts> difference(const std::vector<ServiceCosts>& before, const std::vector<ServiceCosts>& after,
                                     std::chrono::microseconds elapsed) {
  std::vector<ServiceCosts> spent;
  for (const ServiceCosts& now : after) {
    const auto then = std::find_if(before.begin(), before.end(),
                                   [&](const ServiceCosts& each) { return each.service == now.service; });
    if (then == before.end() || restarted(*then, now, elapsed.count())) continue;
    spent.push_back({now.service, now.uptime_us - then->uptime_us, now.cpu_us - then->cpu_us, now.resident_bytes,
                     now.commits - then->commits, now.operations - then->operations, now.fsyncs - then->fsyncs,
                     now.bytes_written - then->bytes_written});
  }
  return spent;
}

}  // namespace ldt::bench
