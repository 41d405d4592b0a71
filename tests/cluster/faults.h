// What goes wrong in a cluster, one function each, carried out while orders arrive.
// Invariant: what was stopped goes on and what was cut is whole again when a fault's function returns.
#pragma once

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "chaos/generator.h"
#include "cluster/hosts.h"

namespace ldt::testing {

struct FaultContext {
  Marketplace& market;
  Hosts& hosts;
  Generator& generator;
  std::mt19937_64& random;
};

struct ClusterFault {
  std::string name;
  /// Carries it out. Empty, or what did not go as it must.
  std::function<std::string(FaultContext&)> carry_out;
  /// No request may fail meanwhile.
  bool unnoticed = false;
  /// Takes ten seconds or more.
  bool is_long = false;
};

/// Each once, in the order in which they are carried out.
/// @param with_cuts  the hosts can be cut off from each other
/// @param hosts  how many there are
[[nodiscard]] std::vector<ClusterFault> cluster_faults(std::size_t hosts, bool with_cuts);

/// Every replica, one after the other, and the balancer (rolling.cpp).
[[nodiscard]] std::string restart_services(FaultContext& context);
/// The standby, then the other one once it is the standby; then the etcds.
[[nodiscard]] std::string restart_databases(FaultContext& context);

}  // namespace ldt::testing
