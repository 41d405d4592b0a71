// The cluster's processes, as plans for the supervisor.

#include <unistd.h>

#include <utility>

#include "ldt/cluster/cluster.h"

namespace ldt::cluster {
namespace {

void append(ServicePlan& plan, const std::vector<std::string>& arguments) {
  plan.arguments.insert(plan.arguments.end(), arguments.begin(), arguments.end());
}

/// The plan's program, run by another one.
ServicePlan run_by(const std::string& program, std::vector<std::string> arguments, ServicePlan plan) {
  arguments.push_back(plan.program);
  arguments.insert(arguments.end(), plan.arguments.begin(), plan.arguments.end());
  plan.program = program;
  plan.arguments = std::move(arguments);
  return plan;
}

std::string url(const Address& address) { return "http://" + address.text(); }

}  // namespace

ServicePlan Cluster::on_host(int host, ServicePlan plan) const {
  if (!layout_.has_namespaces()) return plan;
  return run_by(programs_.nsenter, {"--net=/run/netns/" + layout_.namespace_name(host)}, std::move(plan));
}

/// Changing the user drops the death signal that the supervisor's children get, so it is asked for again.
ServicePlan Cluster::as_postgres(ServicePlan plan) const {
  if (::geteuid() != 0) return plan;
  return run_by(programs_.setpriv, {"--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig=TERM"},
                std::move(plan));
}

ServicePlan Cluster::etcd(int host) const {
  const auto name = [](int each) { return "etcd-" + std::to_string(each); };
  std::string members;
  for (int each = 1; each <= kEtcds; ++each) {
    members += (each == 1 ? "" : ",") + name(each) + "=" + url(layout_.etcd_peer(each));
  }
  ServicePlan plan{name(host), programs_.etcd, {}, Tier::kCoordination};
  append(plan, {"--name", name(host), "--data-dir", "cluster/" + name(host)});
  append(plan, {"--listen-client-urls", url(layout_.etcd_client(host))});
  append(plan, {"--advertise-client-urls", url(layout_.etcd_client(host))});
  append(plan, {"--listen-peer-urls", url(layout_.etcd_peer(host))});
  append(plan, {"--initial-advertise-peer-urls", url(layout_.etcd_peer(host))});
  append(plan, {"--initial-cluster", members, "--initial-cluster-token", "ldt", "--initial-cluster-state", "new"});
  append(plan, {"--logger", "zap", "--log-level", "error"});
  plan.stop_within = std::chrono::seconds(15);  // a leader hands over first
  plan.quiet = true;
  return on_host(host, std::move(plan));
}

/// Patroni that finds no etcd tries again only after five seconds.
ServicePlan Cluster::etcd_health() const {
  ServicePlan plan{"etcd",
                   programs_.etcdctl,
                   {"--endpoints", url(layout_.etcd_client(1)), "endpoint", "health"},
                   Tier::kCoordination};
  plan.once = true;
  plan.quiet = true;
  return plan;
}

ServicePlan Cluster::database(int host) const {
  ServicePlan plan{"postgresql-" + std::to_string(host),
                   programs_.patroni,
                   {database_folder(host) + "/patroni.yml"},
                   Tier::kDatabase};
  plan.stop_within = std::chrono::seconds(40);  // a checkpoint is part of it
  plan.quiet = true;
  return on_host(host, as_postgres(std::move(plan)));
}

/// The services' database is made after the primary has begun to answer.
ServicePlan Cluster::database_health() const {
  ServicePlan plan{"database",
                   programs_.psql,
                   {"--no-psqlrc", "--quiet", "--command=SELECT 1", options_.services.store},
                   Tier::kDatabase};
  plan.once = true;
  plan.quiet = true;
  return plan;
}

ServicePlan Cluster::replica(const std::string& service, int host) const {
  ServicePlan plan = service_plan(service, options_.services.store);
  plan.name = service + "-" + std::to_string(host);
  append(plan, {"--listen", layout_.grpc(service, host), "--log-dir", "log/" + Layout::host_name(host)});
  return plan;
}

ServicePlan Cluster::balancer() const {
  ServicePlan plan{"haproxy", programs_.haproxy, {"-W", "-f", "cluster/haproxy.cfg"}, Tier::kBalancer};
  plan.quiet = true;
  return plan;
}

std::vector<ServicePlan> Cluster::replicas() const {
  std::vector<ServicePlan> plans;
  std::vector<std::string> peers;
  for (const auto& name : participants()) {
    std::string addresses;
    for (int host = 1; host <= layout_.replicas(); ++host) {
      plans.push_back(on_host(host, replica(name, host)));
      addresses += (host == 1 ? "" : ",") + layout_.grpc(name, host);
    }
    peers.insert(peers.end(), {"--" + name, addresses});
  }
  for (int host = 1; host <= layout_.replicas(); ++host) {
    ServicePlan order = replica("order", host);
    append(order, {"--http", layout_.http(host).text(), "--operator-token-file", "operator.token"});
    append(order, peers);
    order.stop_within = std::chrono::seconds(20);  // orders in flight get some seconds
    plans.push_back(on_host(host, std::move(order)));
  }
  add_common_arguments(plans, options_.services.allow_failures, options_.services.telemetry.has_value());
  return plans;
}

std::vector<ServicePlan> Cluster::plans() const {
  std::vector<ServicePlan> plans;
  if (options_.services.telemetry) plans.push_back(telemetry_plan(*options_.services.telemetry));
  for (int host = 1; host <= kEtcds; ++host) plans.push_back(etcd(host));
  plans.push_back(etcd_health());
  for (int host = 1; host <= kDatabases; ++host) plans.push_back(database(host));
  plans.push_back(database_health());
  plans.push_back(migration_plan(options_.services.store));
  for (auto& plan : replicas()) plans.push_back(std::move(plan));
  plans.push_back(balancer());
  return plans;
}

}  // namespace ldt::cluster
