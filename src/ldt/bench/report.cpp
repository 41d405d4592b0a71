#include "ldt/bench/report.h"

#include <array>
#include <boost/json/serialize.hpp>
#include <cmath>
#include <cstdio>
#include <utility>

#include "ldt/output/json_access.h"
#include "ldt/output/table.h"
#include "ldt/output/terminal.h"
#include "ldt/output/text.h"

namespace ldt::bench {

std::string fixed(double value, int decimals) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return text.data();
}

/// 28412 as 28,412
std::string grouped(double value) {
  std::string text = fixed(value, 0);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

constexpr std::size_t kMostOfAnAnswer = 300;

constexpr std::array<std::pair<const char*, double>, 4> kPercentiles{
    {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}}};

double per_second(const Measured& measured) {
  const std::chrono::duration<double> took = measured.took;
  return took.count() > 0 ? static_cast<double>(measured.answers) / took.count() : 0;
}

double share_of_no_work(const Report& report) {
  const double limit = per_second(report.no_work);
  return limit > 0 ? orders_per_second(report) / limit : 0;
}

/// To so many decimals, so that JSON shows no noise.
double rounded(double value, int decimals) {
  const double scale = std::pow(10.0, decimals);
  return std::round(value * scale) / scale;
}

std::int64_t in_us(std::chrono::nanoseconds duration) { return duration_cast<microseconds>(duration).count(); }

/// Per order, and per commit, of one service or of all.
struct Figures {
  double cpu_us = 0;
  double fsyncs = 0;
  double bytes = 0;
  double batch = 0;
};

Figures figures(const ServiceCosts& spent, std::uint64_t orders) {
  const auto each = [](std::int64_t amount, double of) { return of > 0 ? static_cast<double>(amount) / of : 0; };
  const auto count = static_cast<double>(orders);
  return {each(spent.cpu_us, count), each(spent.fsyncs, count), each(spent.bytes_written, count),
          each(spent.operations, static_cast<double>(spent.commits))};
}

ServiceCosts total(const std::vector<ServiceCosts>& services) {
  ServiceCosts sum;
  sum.service = "all";
  for (const ServiceCosts& each : services) {
    sum.cpu_us += each.cpu_us;
    sum.resident_bytes += each.resident_bytes;
    sum.commits += each.commits;
    sum.operations += each.operations;
    sum.fsyncs += each.fsyncs;
    sum.bytes_written += each.bytes_written;
  }
  return sum;
}

double generator_cpu(const Report& report) {
  return report.spent_orders == 0
             ? 0
             : static_cast<double>(report.generator_cpu_us) / static_cast<double>(report.spent_orders);
}

// For people

std::string line(const std::string& name, const std::string& text) { return padded(name, 12) + text + "\n"; }

std::string describe_run(const BenchCommand& asked) {
  std::string text = grouped(static_cast<double>(asked.connections)) + " connections, " +
                     grouped(static_cast<double>(asked.users)) + " users, " + grouped(static_cast<double>(asked.skus)) +
                     " SKUs";
  if (!asked.hot.empty()) text += ", all orders on one " + asked.hot;
  if (asked.rate > 0) text += ", " + grouped(asked.rate) + " orders/s begun (open loop)";
  if (asked.failures > 0) text += ", " + fixed(asked.failures, asked.failures < 1 ? 2 : 0) + " % shall fail";
  return text + ", " + fixed(asked.duration, asked.duration < 10 ? 1 : 0) + " s";
}

std::string describe_latency(const Histogram& latency) {
  std::string text;
  for (const auto& [name, share] : kPercentiles) {
    const std::string shown = std::string(name) == "p999" ? "p99.9" : name;
    text += shown + " " + format_duration(in_us(latency.percentile(share))) + "   ";
  }
  return text + "max " + format_duration(in_us(latency.max()));
}

std::string describe_answers(const Report& report) {
  const OrderTally& tally = report.tally;
  std::string text;
  const auto add = [&](std::uint64_t count, const char* what) {
    if (count > 0) text += (text.empty() ? "" : ", ") + grouped(static_cast<double>(count)) + " " + what;
  };
  add(tally.unexpected, "answers that should not be");
  add(tally.lost, "lost");
  add(tally.overloaded, "refused for overload");
  add(report.orders.unsent, "due but not sent: no connection was free");
  add(report.no_work_failures, "of the requests without work");
  if (text.empty()) return "none";
  if (!tally.first_unexpected.empty()) {
    text += "\n  the first: " + printable(std::string_view(tally.first_unexpected).substr(0, kMostOfAnAnswer));
  }
  return text;
}

std::string cost_table(const Report& report) {
  using Align = Table::Align;
  Table table({{"PER ORDER"},
               {"CPU us", Align::kRight},
               {"fsyncs", Align::kRight},
               {"bytes written", Align::kRight},
               {"mean batch", Align::kRight},
               {"MB resident", Align::kRight}});
  const auto add = [&](const ServiceCosts& spent, bool has_batches) {
    const Figures per = figures(spent, report.spent_orders);
    table.add({spent.service, fixed(per.cpu_us, 1), fixed(per.fsyncs, 4), fixed(per.bytes, 0),
               has_batches ? fixed(per.batch, 1) : "", fixed(static_cast<double>(spent.resident_bytes) / 1e6, 0)});
  };
  for (const ServiceCosts& spent : report.spent) add(spent, true);
  if (report.spent_by_all) add(total(report.spent), false);
  table.add({"generator", fixed(generator_cpu(report), 1), "", "", "", ""});
  return table.text() + (report.spent_by_all ? "" : "a service that was restarted, or is gone, is left out\n");
}

// As JSON

/// Numbers as people write them: Boost.JSON would say 2.84E4.
void append_json(std::string& out, const boost::json::value& value) {
  if (const double* number = value.if_double()) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.12g", *number);
    out += text.data();
    return;
  }
  if (!value.is_structured()) {
    out += boost::json::serialize(value);
    return;
  }
  const char* joint = "";
  if (const auto* elements = value.if_array()) {
    out.push_back('[');
    for (const auto& element : *elements) append_json(out.append(std::exchange(joint, ",")), element);
    out.push_back(']');
    return;
  }
  out.push_back('{');
  for (const auto& member : value.get_object()) {
    out.append(std::exchange(joint, ",")).append(boost::json::serialize(member.key())).append(":");
    append_json(out, member.value());
  }
  out.push_back('}');
}

boost::json::object latency_json(const Histogram& latency) {
  boost::json::object out;
  for (const auto& [name, share] : kPercentiles) out[name] = in_us(latency.percentile(share));
  out["max"] = in_us(latency.max());
  return out;
}

boost::json::object costs_json(const ServiceCosts& spent, std::uint64_t orders) {
  const Figures per = figures(spent, orders);
  return {{"service", spent.service},
          {"cpu_us_per_order", rounded(per.cpu_us, 2)},
          {"fsyncs_per_order", rounded(per.fsyncs, 5)},
          {"bytes_per_order", rounded(per.bytes, 1)},
          {"mean_batch", rounded(per.batch, 2)},
          {"commits", spent.commits},
          {"operations", spent.operations},
          {"fsyncs", spent.fsyncs},
          {"bytes_written", spent.bytes_written},
          {"cpu_us", spent.cpu_us},
          {"resident_bytes", spent.resident_bytes}};
}

boost::json::object asked_json(const BenchCommand& asked) {
  boost::json::object out{{"connections", asked.connections},
                          {"duration_s", asked.duration},
                          {"warmup_s", asked.warmup},
                          {"users", asked.users},
                          {"skus", asked.skus},
                          {"failures_percent", asked.failures}};
  out["rate"] = asked.rate > 0 ? boost::json::value(asked.rate) : nullptr;
  out["hot"] = asked.hot.empty() ? boost::json::value(nullptr) : boost::json::value(asked.hot);
  return out;
}

boost::json::object services_json(const Report& report) {
  boost::json::array services;
  for (const ServiceCosts& spent : report.spent) services.push_back(costs_json(spent, report.spent_orders));
  return {
      {"orders", report.spent_orders},
      {"services", std::move(services)},
      {"total", report.spent_by_all ? boost::json::value(costs_json(total(report.spent), report.spent_orders))
                                    : boost::json::value(nullptr)},
      {"generator", {{"cpu_us", report.generator_cpu_us}, {"cpu_us_per_order", rounded(generator_cpu(report), 2)}}}};
}

}  // namespace

double orders_per_second(const Report& report) {
  const std::chrono::duration<double> took = report.orders.took;
  return took.count() > 0 ? static_cast<double>(report.orders.served.count()) / took.count() : 0;
}

bool is_good(const Report& report) {
  const OrderTally& tally = report.tally;
  const bool refused = tally.overloaded > 0 && report.asked.rate == 0;
  return tally.expected > 0 && tally.unexpected == 0 && tally.lost == 0 && !refused && report.no_work_failures == 0 &&
         (report.audit_clean || !report.asked.audit);
}

std::string text_of(const Report& report) {
  std::string outcomes;
  for (const auto& [outcome, count] : report.tally.outcomes) {
    outcomes += (outcomes.empty() ? "" : "   ") + outcome + " " + grouped(static_cast<double>(count));
  }
  return describe_run(report.asked) + "\n" +
         line("throughput", coloured(stdout, Colour::kBold, grouped(orders_per_second(report)) + " orders/s") + "   " +
                                fixed(share_of_no_work(report) * 100, share_of_no_work(report) < 0.1 ? 1 : 0) +
                                " % of the " + grouped(per_second(report.no_work)) +
                                " requests/s that the same front answers without work") +
         line("latency", describe_latency(report.orders.latency)) + line("outcomes", outcomes) +
         line("errors", describe_answers(report)) + cost_table(report);
}

std::string json_of(const Report& report) {
  const OrderTally& tally = report.tally;
  boost::json::object outcomes;
  for (const auto& [outcome, count] : tally.outcomes) outcomes[outcome] = count;
  const boost::json::object out{{"ok", is_good(report)},
                                {"asked", asked_json(report.asked)},
                                {"orders", report.orders.answers},
                                {"orders_per_second", rounded(orders_per_second(report), 1)},
                                {"latency_us", latency_json(report.orders.latency)},
                                {"outcomes", std::move(outcomes)},
                                {"errors",
                                 {{"unexpected", tally.unexpected},
                                  {"lost", tally.lost},
                                  {"overloaded", tally.overloaded},
                                  {"unsent", report.orders.unsent},
                                  {"without_work", report.no_work_failures},
                                  {"first_unexpected", tally.first_unexpected}}},
                                {"no_work",
                                 {{"requests_per_second", rounded(per_second(report.no_work), 1)},
                                  {"latency_us", latency_json(report.no_work.latency)},
                                  {"ratio", rounded(share_of_no_work(report), 4)}}},
                                {"costs", services_json(report)},
                                {"audit", report.audit},
                                {"audit_problem", report.audit_problem}};
  std::string text;
  append_json(text, out);
  return text + "\n";
}

}  // namespace ldt::bench
