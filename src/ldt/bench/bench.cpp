// `ldt bench`: load on a marketplace of its own or on a running one; what it carries, what that costs, and the audit.
// Depends on the folder's other files and the public API.
// Invariant: whatever ends it, a signal included, nothing of its own marketplace is left behind.

#include <sys/resource.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <utility>

#include "ldt/bench/bench.h"
#include "ldt/bench/cluster_bench.h"
#include "ldt/bench/costs.h"
#include "ldt/bench/load.h"
#include "ldt/bench/overload.h"
#include "ldt/bench/own_marketplace.h"
#include "ldt/bench/report.h"
#include "ldt/bench/restart.h"
#include "ldt/bench/workload.h"
#include "ldt/client/api_client.h"
#include "ldt/commands.h"
#include "ldt/exit_codes.h"
#include "ldt/orders/audit.h"
#include "ldt/output/terminal.h"
#include "ldt/output/text.h"
#include "ldt/processes/data_folder.h"

namespace ldt {
namespace bench {
namespace {

using std::chrono::duration_cast;
using std::chrono::nanoseconds;

constexpr std::chrono::seconds kNoWorkTime{2};
constexpr std::size_t kManyRequests = 10'000;     // are worth a word
constexpr double kMostOrdersPerSecond = 100'000;  // for what is stocked beforehand

nanoseconds in_ns(double seconds) { return nanoseconds(static_cast<std::int64_t>(seconds * 1e9)); }

std::int64_t own_cpu_us() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000LL + usage.ru_utime.tv_usec +
         usage.ru_stime.tv_usec;
}

Error interrupted() { return {ErrorKind::kUnavailable, "interrupted"}; }

/// One run, from the first connection to the audit.
class Bench {
 public:
  Bench(const BenchCommand& command, Address address, std::string token, process::Signals& stop,
        const std::function<void()>& around, MeasureOptions options)
      : command_(command),
        options_(options),
        around_(around),
        address_(std::move(address)),
        token_(std::move(token)),
        load_(address_, stop),
        workload_{address_.text(),     command.users,          command.skus,
                  to_hot(command.hot), command.failures / 100, options.waits} {
    report_.asked = command;
  }

  Result<Report> run() {
    return load_.connect(static_cast<std::size_t>(command_.connections))
        .and_then([this] { return set_up(); })
        .and_then([this] { return place_orders(); })
        .and_then([this] { return options_.limit_and_audit ? measure_no_work() : Result<void>(); })
        .and_then([this] { return options_.limit_and_audit && command_.audit ? audit() : Result<void>(); })
        .map([this] { return std::move(report_); });
  }

 private:
  static Hot to_hot(const std::string& word) {
    return word == "sku" ? Hot::kSku : word == "user" ? Hot::kUser : Hot::kNone;
  }

  Result<void> set_up() {
    const double seconds = command_.warmup + command_.duration;
    const double fastest = command_.rate > 0 ? command_.rate : kMostOrdersPerSecond;
    const auto orders = static_cast<std::int64_t>(seconds * fastest);
    return send_all(sku_requests(workload_, token_)).and_then([&] {
      return send_all(supply_requests(workload_, token_, orders));
    });
  }

  Result<void> send_all(std::vector<std::string> requests) {
    if (requests.size() > kManyRequests) std::fprintf(stderr, "preparing: %zu requests\n", requests.size());
    ListedWork work(std::move(requests));
    if (load_.run(work, {}, {}).interrupted) return tl::unexpected(interrupted());
    if (const auto complaint = work.complaint(); !complaint.empty()) {
      return failure(ErrorKind::kInvalid, "cannot prepare the load: " + printable(complaint));
    }
    return {};
  }

  Result<void> place_orders() {
    OrderWork work(workload_);
    Reading first;
    Reading last;
    Hooks hooks;
    hooks.progress = show_progress;
    if (options_.limit_and_audit) {
      hooks.begin = [&] { read_costs(work, first); };
      hooks.end = [&] { read_costs(work, last); };
    } else {
      hooks.progress = [&](nanoseconds elapsed, double per_second, const Histogram& latency) {
        show_progress(elapsed, per_second, latency);
        look(work, first, last);
      };
    }
    const auto rate = command_.rate > 0 ? std::optional(command_.rate) : std::nullopt;
    if (around_) around_();
    report_.orders = load_.run(work, {in_ns(command_.warmup), in_ns(command_.duration), rate}, hooks);
    if (report_.orders.interrupted) return tl::unexpected(interrupted());
    if (around_) around_();
    report_.all_answers = work.answers();
    report_.tally = work.tally();
    note_costs(first, last);
    return {};
  }

  /// What all had cost at a moment: that at which the services' counters arrived.
  struct Reading {
    SteadyTime at{};
    std::vector<ServiceCosts> services;
    std::uint64_t answers = 0;
    std::int64_t own_cpu_us = 0;
  };

  void read_costs(const OrderWork& work, Reading& reading) {
    load_.ask("/v1/statistics", "", [&work, &reading](int, std::string_view body) {
      reading = {std::chrono::steady_clock::now(), parse_statistics(body), work.answers(), own_cpu_us()};
    });
  }

  /// One question a second; where the last one is still being answered, none.
  void look(const OrderWork& work, Reading& first, Reading& last) {
    load_.ask("/v1/statistics", "", [this, &work, &first, &last](int, std::string_view body) {
      Reading now{std::chrono::steady_clock::now(), parse_statistics(body), work.answers(), own_cpu_us()};
      if (now.services.empty()) return;
      std::int64_t resident = 0;
      for (const ServiceCosts& service : now.services) resident += service.resident_bytes;
      report_.most_resident = std::max(report_.most_resident, resident);
      if (first.services.empty()) first = now;
      last = std::move(now);
    });
  }

  void note_costs(const Reading& first, const Reading& last) {
    if (first.services.empty() || last.services.empty()) return;
    const auto elapsed = duration_cast<std::chrono::microseconds>(last.at - first.at);
    report_.spent = difference(first.services, last.services, elapsed);
    report_.spent_by_all = report_.spent.size() == first.services.size();
    report_.spent_orders = last.answers - first.answers;
    report_.generator_cpu_us = last.own_cpu_us - first.own_cpu_us;
  }

  static void show_progress(nanoseconds elapsed, double per_second, const Histogram& latency) {
    const auto p99 = duration_cast<std::chrono::microseconds>(latency.percentile(0.99)).count();
    std::fprintf(stderr, "%4lld s  %8.0f orders/s  p99 %s\n",
                 static_cast<long long>(std::chrono::round<std::chrono::seconds>(elapsed).count()), per_second,
                 format_duration(p99).c_str());
  }

  Result<void> measure_no_work() {
    NoWork work(address_.text());
    const nanoseconds duration = std::min<nanoseconds>(kNoWorkTime, in_ns(command_.duration));
    report_.no_work = load_.run(work, {nanoseconds(0), duration, std::nullopt}, {});
    report_.no_work_failures = work.failures();
    if (report_.no_work.interrupted) return tl::unexpected(interrupted());
    return {};
  }

  Result<void> audit() {
    Answer answer;
    load_.ask("/v1/audit", "Authorization: Bearer " + token_ + "\r\n", [&](int status, std::string_view body) {
      answer.status = status;
      answer.body = body;
    });
    if (!load_.await_answer()) return tl::unexpected(interrupted());
    boost::json::error_code error;
    answer.json = boost::json::parse(answer.body, error);
    if (!answer.ok() || error) {
      report_.audit_problem = answer.status == 0 ? "no answer" : describe_problem(answer);
      return {};
    }
    report_.audit_clean = is_clean_audit(answer.json);
    report_.audit = std::move(answer.json);
    return {};
  }

  const BenchCommand& command_;
  const MeasureOptions options_;
  const std::function<void()>& around_;
  const Address address_;
  const std::string token_;
  Load load_;
  const WorkloadOptions workload_;
  Report report_;
};

}  // namespace

Result<Report> measure(const BenchCommand& command, const Address& address, const std::string& token,
                       process::Signals& stop, const std::function<void()>& around, MeasureOptions options) {
  return Bench(command, address, token, stop, around, options).run();
}

void raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

int fail(const Error& error) {
  complain(error.detail);
  return error.kind == ErrorKind::kUnavailable ? kExitCannot : kExitNegative;
}

namespace {

int show(const Report& report, bool as_json) {
  if (as_json) {
    print(json_of(report));
  } else {
    print(text_of(report));
    if (report.audit_problem.empty() && report.asked.audit) print_audit(report.audit);
  }
  if (!report.audit_problem.empty()) complain("there was no audit: " + report.audit_problem);
  return is_good(report) ? kExitOk : kExitNegative;
}

int bench_at(const BenchCommand& command, const Address& address, const std::string& data_folder,
             process::Signals& stop) {
  if (command.overload) return measure_overload(command, address, data_folder, stop);
  const auto report = measure(command, address, DataFolder::read_operator_token(data_folder), stop);
  return report ? show(*report, command.target.json) : fail(report.error());
}

}  // namespace
}  // namespace bench

int run(const BenchCommand& command) {
  bench::raise_file_limit();
  process::Signals stop({SIGINT, SIGTERM, SIGHUP});
  if (command.cluster) return bench::run_on_clusters(command, stop);
  if (command.restart) return bench::measure_restart(command, stop);
  if (!command.own_marketplace) {
    const auto address = find_address(command.target);
    if (!address) return bench::fail(address.error());
    return bench::bench_at(command, *address, command.target.data_folder, stop);
  }
  const auto own = bench::OwnMarketplace::start(command.parent, {}, stop);
  if (!own) return bench::fail(own.error());
  return bench::bench_at(command, (*own)->address(), (*own)->data_folder(), stop);
}

}  // namespace ldt
