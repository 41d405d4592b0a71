#include "ldt/bench/overload.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <thread>

#include "ldt/bench/bench.h"
#include "ldt/bench/own_marketplace.h"
#include "ldt/exit_codes.h"
#include "ldt/orders/audit.h"
#include "ldt/output/table.h"
#include "ldt/output/terminal.h"
#include "ldt/output/text.h"
#include "ldt/processes/data_folder.h"

namespace ldt::bench {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::seconds;

constexpr double kTimes = 10;
constexpr std::int64_t kCrowd = 9'000;  // connections, of the 10,000 that the server takes
constexpr double kMostSeconds = 10;     // of what is measured before and after
constexpr seconds kRecovers{5};

struct Phases {
  Report before, during, after;
};

/// The same number of connections before and after.
BenchCommand calm(const BenchCommand& asked) {
  BenchCommand command = asked;
  command.duration = std::min(asked.duration, kMostSeconds);
  return command;
}

BenchCommand crowded(const BenchCommand& asked, double top) {
  BenchCommand command = asked;
  command.connections = std::max(asked.connections, kCrowd);
  command.rate = kTimes * top;
  return command;
}

/// Until then, or a signal comes.
void wait_until(SteadyTime time, const process::Signals& stop) {
  while (std::chrono::steady_clock::now() < time && !has_signal(stop)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

Result<Phases> measure_phases(const BenchCommand& asked, const Address& address, const std::string& token,
                              process::Signals& stop) {
  const auto run = [&](const BenchCommand& command, bool last) {
    return measure(command, address, token, stop, {}, {.limit_and_audit = last});
  };
  Phases phases;
  std::fprintf(stderr, "what it carries\n");
  auto before = run(calm(asked), false);
  if (!before) return tl::unexpected(before.error());
  phases.before = std::move(*before);
  const BenchCommand much = crowded(asked, orders_per_second(phases.before));
  std::fprintf(stderr, "%.0f orders/s begun from %lld connections\n", much.rate,
               static_cast<long long>(much.connections));
  auto during = run(much, false);
  if (!during) return tl::unexpected(during.error());
  phases.during = std::move(*during);
  wait_until(std::chrono::steady_clock::now() + kRecovers, stop);
  std::fprintf(stderr, "%lld s later\n", static_cast<long long>(kRecovers.count()));
  BenchCommand later = calm(asked);
  later.warmup = 0;
  auto after = run(later, true);
  if (!after) return tl::unexpected(after.error());
  phases.after = std::move(*after);
  return phases;
}

std::int64_t us_at(const Histogram& latency, double share) {
  return duration_cast<microseconds>(latency.percentile(share)).count();
}

double refused_per_second(const Report& report) {
  const std::chrono::duration<double> took = report.orders.took;
  return took.count() > 0 ? static_cast<double>(report.orders.refused.count()) / took.count() : 0;
}

/// What the services spent for each order that was served, refusals of others included: how busy the machine is
/// otherwise does not show in it.
double cpu_us_each(const Report& report) {
  std::int64_t spent = 0;
  for (const ServiceCosts& service : report.spent) spent += service.cpu_us;
  return report.spent_orders > 0 ? static_cast<double>(spent) / static_cast<double>(report.spent_orders) : 0;
}

double goodput_share(const Phases& phases) {
  const double top = orders_per_second(phases.before);
  return top > 0 ? orders_per_second(phases.during) / top : 0;
}

/// Every answer was what it had to be, or a refusal.
bool is_sound(const Report& report) { return report.tally.unexpected == 0 && report.tally.lost == 0; }

bool is_good(const Phases& phases) {
  return is_sound(phases.before) && is_sound(phases.during) && is_good(phases.after);
}

std::string text_of(const Phases& phases) {
  using Align = Table::Align;
  Table table({{"OVERLOAD"},
               {"served/s", Align::kRight},
               {"p50", Align::kRight},
               {"p99", Align::kRight},
               {"refused/s", Align::kRight},
               {"p99 of that", Align::kRight},
               {"CPU us each", Align::kRight},
               {"MB resident, at most", Align::kRight}});
  const auto add = [&](const char* name, const Report& report) {
    const Histogram& served = report.orders.served;
    const Histogram& refused = report.orders.refused;
    const bool seen = report.most_resident > 0;
    table.add({name, grouped(orders_per_second(report)), format_duration(us_at(served, 0.5)),
               format_duration(us_at(served, 0.99)), grouped(refused_per_second(report)),
               refused.count() > 0 ? format_duration(us_at(refused, 0.99)) : "",
               report.spent_orders > 0 ? fixed(cpu_us_each(report), 0) : "",
               seen ? fixed(static_cast<double>(report.most_resident) / 1e6, 0) : ""});
  };
  add("before", phases.before);
  add("ten times that", phases.during);
  add("5 s later", phases.after);
  std::string text =
      table.text() + "served under overload: " + fixed(goodput_share(phases) * 100, 0) + " % of what was before\n";
  for (const Report* report : {&phases.before, &phases.during, &phases.after}) {
    const OrderTally& tally = report->tally;
    if (is_sound(*report)) continue;
    text += std::to_string(tally.unexpected) + " answers that should not be, " + std::to_string(tally.lost) + " lost\n";
    if (!tally.first_unexpected.empty())
      text += "  the first: " + printable(tally.first_unexpected.substr(0, 300)) + "\n";
  }
  return text;
}

boost::json::object json_of_phase(const Report& report) {
  const auto latency = [](const Histogram& of) {
    return boost::json::object{{"p50", us_at(of, 0.5)}, {"p99", us_at(of, 0.99)}, {"max", us_at(of, 1)}};
  };
  return {{"connections", report.asked.connections},
          {"begun_per_second", std::llround(report.asked.rate)},
          {"served_per_second", std::llround(orders_per_second(report))},
          {"served_latency_us", latency(report.orders.served)},
          {"refused_per_second", std::llround(refused_per_second(report))},
          {"refused_latency_us", latency(report.orders.refused)},
          {"cpu_us_per_served_order", std::llround(cpu_us_each(report))},
          {"most_resident_bytes", report.most_resident},
          {"unexpected", report.tally.unexpected},
          {"lost", report.tally.lost}};
}

std::string json_of(const Phases& phases) {
  const boost::json::object out{{"ok", is_good(phases)},
                                {"before", json_of_phase(phases.before)},
                                {"overload", json_of_phase(phases.during)},
                                {"after", json_of_phase(phases.after)},
                                {"served_percent", std::llround(goodput_share(phases) * 100)},
                                {"audit", phases.after.audit}};
  return boost::json::serialize(out) + "\n";
}

}  // namespace

int measure_overload(const BenchCommand& command, const Address& address, const std::string& data_folder,
                     process::Signals& stop) {
  const auto phases = measure_phases(command, address, DataFolder::read_operator_token(data_folder), stop);
  if (!phases) return fail(phases.error());
  print(command.target.json ? json_of(*phases) : text_of(*phases));
  if (!command.target.json && command.audit && phases->after.audit_problem.empty()) print_audit(phases->after.audit);
  if (!phases->after.audit_problem.empty()) complain("there was no audit: " + phases->after.audit_problem);
  return is_good(*phases) ? kExitOk : kExitNegative;
}

}  // namespace ldt::bench
