#include "cluster/faults.h"

#include <signal.h>

#include <thread>

#include "support/eventually.h"

namespace ldt::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Longer than a primary's lease (8 s) and the time after which a standby that is not heard is left out (3 s).
constexpr seconds kCut{10};
constexpr seconds kSlow{4};
constexpr seconds kHealAgain{60};

std::string name_of(const std::string& service, std::size_t host) { return service + "-" + std::to_string(host + 1); }

void kill_and_await(pid_t pid) {
  if (pid <= 0) throw std::runtime_error("there was no process to kill");
  kill(pid, SIGKILL);
  if (!eventually([&] { return !is_running(pid); })) throw std::runtime_error("a process survived SIGKILL");
}

/// A replica of each service, on hosts drawn at random.
std::string kill_replicas(FaultContext& context, const std::string& service) {
  std::size_t count = 0;  // a failure instruction may have ended one
  const bool several = eventually([&] { return (count = context.market.pids_of("ldt-" + service).size()) >= 2; });
  if (!several) return "only " + std::to_string(count) + " replicas of " + service + " run";
  kill_and_await(context.hosts.pid_of(name_of(service, context.random() % count)));
  return "";
}

std::string await_promotion(FaultContext& context, std::size_t before) {
  if (!eventually([&] { return context.hosts.primary() != before; }, kHealAgain)) return "the standby was not promoted";
  return context.hosts.await_standby(kHealAgain) ? "" : "the old primary did not come back as the standby";
}

std::string kill_primary(FaultContext& context) {
  const auto before = context.hosts.primary();
  kill_and_await(context.hosts.postmaster(before));
  return await_promotion(context, before);
}

/// As where a machine goes: what the database's host runs is gone at once. Patroni may make the server that it finds
/// dead the primary again, after its recovery: that loses nothing either.
std::string kill_primary_host(FaultContext& context) {
  const auto before = context.hosts.primary();
  const pid_t patroni = context.hosts.pid_of(name_of("postgresql", before));
  const pid_t server = context.hosts.postmaster(before);
  kill(patroni, SIGKILL);
  kill_and_await(server);
  for (const auto& service : kServices) kill_and_await(context.hosts.pid_of(name_of(service, before)));
  const bool back = eventually([&] { return context.hosts.postmaster(before) != 0; }, kHealAgain);
  return back && context.hosts.await_standby(kHealAgain) ? "" : "there is no primary with a standby again";
}

std::string kill_etcd(FaultContext& context) {
  kill_and_await(context.hosts.pid_of(name_of("etcd", context.random() % 3)));
  return context.hosts.await_standby(kHealAgain) ? "" : "there is no primary with a standby any more";
}

/// The standby gets what it is sent, in gulps: every commit waits for it.
std::string slow_standby(FaultContext& context) {
  const auto standby = 1 - context.hosts.primary();
  const auto until = SteadyClock::now() + kSlow;
  int gulps = 0;
  while (SteadyClock::now() < until) {
    const auto receivers = context.hosts.postgres_children(standby, "walreceiver");
    for (const pid_t pid : receivers) kill(pid, SIGSTOP);
    std::this_thread::sleep_for(milliseconds(200 + context.random() % 600));
    for (const pid_t pid : receivers) kill(pid, SIGCONT);
    if (!receivers.empty()) ++gulps;
    std::this_thread::sleep_for(milliseconds(20));
  }
  if (gulps < 2) return "the standby was slow only " + std::to_string(gulps) + " times";
  return context.hosts.await_standby(kHealAgain) ? "" : "the standby did not come back";
}

/// It stops for so long that the primary goes on without it, and catches up afterwards.
std::string stop_standby(FaultContext& context) {
  const auto standby = 1 - context.hosts.primary();
  const pid_t server = context.hosts.postmaster(standby);
  auto all = context.hosts.postgres_children(standby, "");
  all.push_back(server);
  for (const pid_t pid : all) kill(pid, SIGSTOP);
  std::this_thread::sleep_for(kSlow * 2);
  for (const pid_t pid : all) kill(pid, SIGCONT);
  return context.hosts.await_standby(kHealAgain) ? "" : "the standby did not come back";
}

/// @param both  neither hears the other
std::string cut(FaultContext& context, std::size_t from, std::size_t to, bool both) {
  context.hosts.cut(from, to);
  if (both) context.hosts.cut(to, from);
  std::this_thread::sleep_for(kCut);
  context.hosts.heal();
  return context.hosts.await_standby(kHealAgain) ? "" : "there is no primary with a standby again";
}

/// The primary's host alone on one side, all others on the other.
std::string cut_off_primary(FaultContext& context) {
  const auto before = context.hosts.primary();
  for (std::size_t other = 0; other < context.hosts.all().size(); ++other) {
    if (other == before) continue;
    context.hosts.cut(before, other);
    context.hosts.cut(other, before);
  }
  std::this_thread::sleep_for(kCut * 2);
  context.hosts.heal();
  return context.hosts.await_standby(kHealAgain) ? "" : "there is no primary with a standby again";
}

}  // namespace

std::vector<ClusterFault> cluster_faults(std::size_t hosts, bool with_cuts) {
  std::vector<ClusterFault> faults;
  for (const auto& service : kServices) {
    faults.push_back({"kill -9 of a replica of " + service,
                      [service](FaultContext& context) { return kill_replicas(context, service); }});
  }
  faults.push_back({"kill -9 of PostgreSQL's primary: the standby is promoted", kill_primary});
  faults.push_back({"kill -9 of everything on the primary's host", kill_primary_host});
  faults.push_back({"kill -9 of an etcd", kill_etcd});
  faults.push_back({"a slow standby", slow_standby});
  faults.push_back({"a rolling restart of all replicas and the balancer", restart_services, true});
  faults.push_back({"a rolling restart of PostgreSQL and etcd", restart_databases, false, true});
  faults.push_back({"a standby that stops for a while", stop_standby, false, true});
  for (std::size_t from = 0; with_cuts && from < hosts; ++from) {
    for (std::size_t to = 0; to < hosts; ++to) {
      if (from == to) continue;
      const std::string name = "host-" + std::to_string(to + 1) + " does not hear host-" + std::to_string(from + 1);
      faults.push_back(
          {name, [from, to](FaultContext& context) { return cut(context, from, to, false); }, false, true});
    }
  }
  if (with_cuts) {
    faults.push_back({"the databases' hosts do not hear each other",
                      [](FaultContext& context) { return cut(context, 0, 1, true); }, false, true});
    faults.push_back({"the primary's host is alone", cut_off_primary, false, true});
  }
  return faults;
}

}  // namespace ldt::testing
