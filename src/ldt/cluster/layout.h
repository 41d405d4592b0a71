// Which part of the cluster lives on which host, and where it listens. A host is a network namespace of this machine,
// or only a name on its loopback interface.
// Pure but for choosing free ports or a free network once. Invariant: a data folder's hosts keep their addresses, since
// etcd remembers its members by them.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "ldt/arguments.h"
#include "ldt/client/address.h"
#include "ldt/processes/data_folder.h"

namespace ldt::cluster {

/// Three, for a majority where any one is lost.
inline constexpr int kEtcds = 3;
/// A primary and its synchronous standby.
inline constexpr int kDatabases = 2;
inline constexpr int kMostReplicas = 8;

/// Hosts and replicas count from 1: replica i of each service is on host i, database i too.
class Layout {
 public:
  /// As it was chosen for the data folder before, else by `wanted`.
  [[nodiscard]] static Result<Layout> choose(const DataFolder& data, Network wanted, int replicas);

  [[nodiscard]] bool has_namespaces() const { return namespaces_; }
  [[nodiscard]] int replicas() const { return replicas_; }
  [[nodiscard]] int hosts() const { return replicas_ > kEtcds ? replicas_ : kEtcds; }

  [[nodiscard]] static std::string host_name(int host) { return "host-" + std::to_string(host); }
  [[nodiscard]] std::string host_address(int host) const;
  /// The namespaces' names begin with it; namespace 0 is the switch between them.
  [[nodiscard]] std::string namespace_name(int host) const;
  /// This machine's own end: an interface and its address.
  [[nodiscard]] std::string interface_name() const { return "ldt" + std::to_string(base_); }
  [[nodiscard]] std::string own_address() const { return host_address(254); }
  /// All hosts, as pg_hba.conf has it.
  [[nodiscard]] std::string network() const;

  [[nodiscard]] Address etcd_client(int host) const { return at(host, 2379, 0); }
  [[nodiscard]] Address etcd_peer(int host) const { return at(host, 2380, 3); }
  [[nodiscard]] Address postgres(int host) const { return at(host, 5432, 6); }
  [[nodiscard]] Address patroni(int host) const { return at(host, 8008, 8); }
  [[nodiscard]] Address http(int host) const { return at(host, 8080, 10); }
  /// As the services' --listen and --payment have it.
  [[nodiscard]] std::string grpc(const std::string& service, int host) const;

  /// The database for all services, without its password.
  [[nodiscard]] std::string store_url(const std::string& password_file) const;

 private:
  Layout(bool namespaces, int base, int replicas) : namespaces_(namespaces), base_(base), replicas_(replicas) {}
  [[nodiscard]] Address at(int host, int port, int offset) const;

  bool namespaces_;
  int base_;  // with namespaces the third number of their addresses, else the first port
  int replicas_;
};

}  // namespace ldt::cluster
