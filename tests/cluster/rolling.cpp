// A rolling restart: what an operator does to bring in a new version, one part at a time, each only when the one before
// is there again.
#include <signal.h>

#include "cluster/faults.h"
#include "support/eventually.h"
#include "support/http.h"

namespace ldt::testing {
namespace {

constexpr std::chrono::seconds kPatienceWithAPart{60};

/// SIGTERM; the supervisor starts it again.
std::string restart(FaultContext& context, const std::string& part) {
  const pid_t before = context.hosts.pid_of(part);
  kill(before, SIGTERM);
  if (!eventually([&] { return !is_running(before); }, kPatienceWithAPart)) return part + " does not stop";
  const bool back = eventually([&] { return context.hosts.pid_of(part) != before && context.hosts.listens(part); },
                               kPatienceWithAPart);
  return back ? "" : part + " did not come back";
}

/// Ready, and seen to be ready by the balancer.
std::string await_order(FaultContext& context, const ClusterHost& host) {
  for (const auto& part : host.parts) {
    if (!part.name.starts_with("order-")) continue;
    const auto serves = [&] {
      return Http(part.listens).send("GET", "/readyz").status == 200 && context.hosts.is_balanced(part.name);
    };
    if (!eventually(serves, kPatienceWithAPart)) return part.name + " does not get ready";
  }
  return "";
}

std::string restart_replicas(FaultContext& context, const std::string& service) {
  for (const auto& host : context.hosts.all()) {
    for (const auto& part : host.parts) {
      if (!part.name.starts_with(service + "-")) continue;
      if (auto trouble = restart(context, part.name); !trouble.empty()) return trouble;
      if (auto trouble = await_order(context, host); !trouble.empty()) return trouble;
    }
  }
  return "";
}

std::string restart_etcds(FaultContext& context) {
  for (const std::string name : {"etcd-1", "etcd-2", "etcd-3"}) {
    if (auto trouble = restart(context, name); !trouble.empty()) return trouble;
    if (!context.hosts.await_standby(kPatienceWithAPart)) return "no primary with a standby after " + name;
  }
  return "";
}

}  // namespace

std::string restart_services(FaultContext& context) {
  for (const std::string service : {"delivery", "inventory", "payment", "order"}) {
    if (auto trouble = restart_replicas(context, service); !trouble.empty()) return trouble;
  }
  kill(context.hosts.pid_of("haproxy-1"), SIGUSR2);  // a new worker takes the old one's listening socket over
  return eventually([&] { return context.market.ready(); }) ? "" : "the balancer did not come back";
}

std::string restart_databases(FaultContext& context) {
  for (int round = 0; round < 2; ++round) {
    const auto standby = 1 - context.hosts.primary();
    if (auto trouble = restart(context, "postgresql-" + std::to_string(standby + 1)); !trouble.empty()) return trouble;
    if (!context.hosts.await_standby(kPatienceWithAPart)) return "no standby after its restart";
    if (round > 0) break;
    context.hosts.switch_over();
    if (!context.hosts.await_standby(kPatienceWithAPart)) return "no standby after switching over";
  }
  return restart_etcds(context);
}

}  // namespace ldt::testing
