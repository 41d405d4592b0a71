#include "ldt/bench/restart.h"

#include <signal.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdio>
#include <thread>

#include "ldt/bench/bench.h"
#include "ldt/bench/load.h"
#include "ldt/bench/own_marketplace.h"
#include "ldt/bench/process_costs.h"
#include "ldt/bench/report.h"
#include "ldt/bench/workload.h"
#include "ldt/client/api_client.h"
#include "ldt/exit_codes.h"
#include "ldt/orders/audit.h"
#include "ldt/output/json_access.h"
#include "ldt/output/terminal.h"
#include "ldt/output/text.h"
#include "ldt/processes/data_folder.h"

namespace ldt::bench {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kFillConnections = 1'024;
constexpr seconds kEndWithin{120};
constexpr milliseconds kLookEvery{20};
/// So that none of them fails before the kill: they wait for a service that does not answer.
constexpr std::string_view kPatient = R"(,"handling":{"step_timeout_ms":10000})";

struct Figures {
  std::int64_t stored = 0;
  std::int64_t in_flight = 0;  // when all was killed
  milliseconds ready{};        // from the start to the first answer that all services are
  milliseconds ended{};        // from then until nothing was in flight
  boost::json::value audit;
  bool complete = false;  // all that were accepted are there, and have ended
};

std::int64_t in_flight(const ApiClient& client) {
  const auto answer = client.get("/v1/activity?seconds=1");
  return answer && answer->ok() ? json::number(answer->json, "in_flight").value_or(-1) : -1;
}

void show_progress(std::chrono::nanoseconds elapsed, double per_second, const Histogram&) {
  std::fprintf(stderr, "%4lld s  %8.0f orders/s\n", static_cast<long long>(duration_cast<seconds>(elapsed).count()),
               per_second);
}

/// Places so many orders; how many were answered as they had to be.
Result<std::int64_t> place(Load& load, const WorkloadOptions& options) {
  OrderWork work(options);
  std::uint64_t placed = 0;
  std::uint64_t refused = 0;
  while (placed < options.at_most) {  // a run without a measured time ends after some minutes
    Hooks hooks;
    hooks.progress = show_progress;
    if (load.run(work, {}, hooks).interrupted) return failure(ErrorKind::kUnavailable, "interrupted");
    const OrderTally tally = work.tally();
    if (tally.unexpected + tally.lost > 0) {
      return failure(ErrorKind::kInvalid, "not all orders could be placed: " + printable(tally.first_unexpected));
    }
    if (tally.expected == placed && tally.overloaded == refused) {
      return failure(ErrorKind::kUnavailable, "the marketplace answers no more");
    }
    refused = tally.overloaded;
    placed = tally.expected;
  }
  return static_cast<std::int64_t>(placed);
}

Result<void> supply(Load& load, const WorkloadOptions& workload, const std::string& token, std::int64_t orders) {
  for (auto requests : {sku_requests(workload, token), supply_requests(workload, token, orders)}) {
    ListedWork work(std::move(requests));
    if (load.run(work, {}, {}).interrupted) return failure(ErrorKind::kUnavailable, "interrupted");
    if (!work.complaint().empty()) return failure(ErrorKind::kInvalid, printable(work.complaint()));
  }
  return {};
}

/// Stops delivery, so that orders come to it and no further.
Result<void> stop_delivery(const OwnMarketplace& own) {
  for (const auto& [name, pid] : processes_in(own.data_folder())) {
    if (name == "ldt-delivery")
      return ::kill(pid, SIGSTOP) == 0 ? Result<void>() : failure(ErrorKind::kInternal, "kill");
  }
  return failure(ErrorKind::kInternal, "there is no ldt-delivery");
}

Result<Figures> run(const BenchCommand& command, OwnMarketplace& own, process::Signals& stop) {
  const std::string token = DataFolder::read_operator_token(own.data_folder());
  WorkloadOptions workload{own.address().text(), command.users, command.skus};
  Figures figures;
  {
    Load load(own.address(), stop);
    std::fprintf(stderr, "storing %s orders\n", grouped(static_cast<double>(command.orders)).c_str());
    const auto connected = load.connect(kFillConnections);
    if (!connected) return tl::unexpected(connected.error());
    const auto supplied = supply(load, workload, token, command.orders + command.in_flight);
    if (!supplied) return tl::unexpected(supplied.error());
    workload.at_most = static_cast<std::uint64_t>(command.orders);
    const auto stored = place(load, workload);
    if (!stored) return tl::unexpected(stored.error());
    figures.stored = *stored;
    if (const auto stopped = stop_delivery(own); !stopped) return tl::unexpected(stopped.error());
    workload.at_most = static_cast<std::uint64_t>(command.in_flight);
    workload.waits = false;
    workload.members = kPatient;
    if (const auto begun = place(load, workload); !begun) return tl::unexpected(begun.error());
  }
  figures.in_flight = in_flight(ApiClient(own.address(), token));
  std::fprintf(stderr, "%s orders are in flight: killing all processes\n",
               grouped(static_cast<double>(figures.in_flight)).c_str());
  own.kill_all();

  const auto begin = std::chrono::steady_clock::now();
  if (const auto started = own.start_again(stop); !started) return tl::unexpected(started.error());
  const auto ready = std::chrono::steady_clock::now();
  figures.ready = duration_cast<milliseconds>(ready - begin);
  ApiClient client(own.address(), token);
  while (in_flight(client) != 0 && std::chrono::steady_clock::now() < ready + kEndWithin && !has_signal(stop)) {
    std::this_thread::sleep_for(kLookEvery);
  }
  figures.ended = duration_cast<milliseconds>(std::chrono::steady_clock::now() - ready);
  client.set_timeout(kEndWithin);
  auto audit = client.get("/v1/audit", ApiClient::As::kOperator);
  if (!audit) return tl::unexpected(audit.error());
  figures.audit = std::move(audit->json);
  const auto& states = json::object(figures.audit, "orders");
  const auto count = [&](const char* state) { return json::number(states, state).value_or(0); };
  figures.complete = count("COMPLETED") + count("REVERTED") == figures.stored + command.in_flight;
  return figures;
}

std::string text_of(const Figures& figures) {
  return grouped(static_cast<double>(figures.stored)) + " orders stored, " +
         grouped(static_cast<double>(figures.in_flight)) + " in flight, all processes killed\nready   " +
         format_duration(duration_cast<std::chrono::microseconds>(figures.ready).count()) +
         " after the start\nended   all of them " +
         format_duration(duration_cast<std::chrono::microseconds>(figures.ended).count()) + " after that\n";
}

}  // namespace

int measure_restart(const BenchCommand& command, process::Signals& stop) {
  const auto own = OwnMarketplace::start(command.parent, {}, stop);
  if (!own) return fail(own.error());
  const auto figures = run(command, **own, stop);
  if (!figures) return fail(figures.error());
  const bool good = figures->complete && is_clean_audit(figures->audit);
  if (command.target.json) {
    print(boost::json::serialize(boost::json::object{{"ok", good},
                                                     {"stored", figures->stored},
                                                     {"in_flight", figures->in_flight},
                                                     {"ready_ms", figures->ready.count()},
                                                     {"ended_ms", figures->ended.count()},
                                                     {"audit", figures->audit}}) +
          "\n");
  } else {
    print(text_of(*figures));
    print_audit(figures->audit);
  }
  if (!figures->complete) complain("orders that were accepted are missing or have not ended");
  return good ? kExitOk : kExitNegative;
}

}  // namespace ldt::bench
