// A cluster on one machine: three etcds, two PostgreSQLs under Patroni, replicas of every service, a balancer.
// Depends on the folder's other files. `prepare` writes the configuration into the data folder; the supervisor runs
// plans().
// Invariant: when this object is gone, no PostgreSQL of the data folder runs and no namespace of it is left.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ldt/cluster/layout.h"
#include "ldt/cluster/network.h"
#include "ldt/cluster/programs.h"
#include "ldt/processes/service_plan.h"

namespace ldt::cluster {

class Cluster {
 public:
  struct Options {
    PlanOptions services;  // their store is the cluster's own
    Network network = Network::kAuto;
    int replicas = 2;
  };

  /// An Error of one line where something is missing or not allowed; nothing runs yet then.
  [[nodiscard]] static Result<std::unique_ptr<Cluster>> prepare(const DataFolder& data, const Options& options);
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  [[nodiscard]] std::vector<ServicePlan> plans() const;
  /// What a loss of one machine could not be survived without yet; empty: nothing.
  [[nodiscard]] std::string lacks() const;
  /// Hosts and what is on each, for people.
  [[nodiscard]] std::string describe() const;

 private:
  Cluster(const DataFolder& data, Options options, Layout layout, Programs programs);
  [[nodiscard]] Result<void> make_network();
  [[nodiscard]] Result<void> write_files() const;
  [[nodiscard]] Result<void> write_database(int host) const;
  [[nodiscard]] std::string database_folder(int host) const;
  [[nodiscard]] std::vector<std::string> parts_of(int host) const;
  [[nodiscard]] std::string listens(const std::string& part, int host) const;
  [[nodiscard]] std::string description_json() const;

  [[nodiscard]] ServicePlan etcd(int host) const;
  [[nodiscard]] ServicePlan etcd_health() const;
  [[nodiscard]] ServicePlan database(int host) const;
  [[nodiscard]] ServicePlan database_health() const;
  [[nodiscard]] ServicePlan replica(const std::string& service, int host) const;
  [[nodiscard]] std::vector<ServicePlan> replicas() const;
  [[nodiscard]] ServicePlan balancer() const;
  [[nodiscard]] ServicePlan on_host(int host, ServicePlan plan) const;
  [[nodiscard]] ServicePlan as_postgres(ServicePlan plan) const;

  const DataFolder& data_;
  Options options_;
  const Layout layout_;
  const Programs programs_;
  std::unique_ptr<HostNetwork> network_;
};

}  // namespace ldt::cluster
