// A running cluster as a fault sees it: its hosts, their processes, who is PostgreSQL's primary, and the wires between.
// Depends on the layout that `ldt up --cluster` writes, Patroni's REST API, /proc and nft.
// Invariant: what was cut is whole again once the object is gone.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "support/marketplace.h"

namespace ldt::testing {

struct Part {
  std::string name;     // "payment-1"
  std::string listens;  // HOST:PORT or unix:PATH
};

struct ClusterHost {
  std::string name;
  std::string address;
  std::string network_namespace;  // empty: none
  std::string patroni;            // HOST:PORT; empty: no database there
  std::vector<Part> parts;
};

class Hosts {
 public:
  explicit Hosts(Marketplace& market);
  ~Hosts() { heal(); }
  Hosts(const Hosts&) = delete;
  Hosts& operator=(const Hosts&) = delete;

  [[nodiscard]] const std::vector<ClusterHost>& all() const { return hosts_; }
  /// Counts from 0, as all().
  [[nodiscard]] bool can_be_cut() const { return !hosts_.front().network_namespace.empty(); }
  /// What `from` sends does not arrive at `to`.
  void cut(std::size_t from, std::size_t to);
  void heal();

  /// The host of PostgreSQL's primary, as the databases agree; throws where there is none in time.
  [[nodiscard]] std::size_t primary() const;
  /// Once there is a primary with a synchronous standby. False: not in time.
  [[nodiscard]] bool await_standby(std::chrono::milliseconds patience) const;
  void switch_over();

  /// The process of "payment-1", "etcd-2", "postgresql-1" (Patroni's). Throws where there is none in time.
  [[nodiscard]] pid_t pid_of(const std::string& part) const;
  /// PostgreSQL's own main process; 0: none.
  [[nodiscard]] pid_t postmaster(std::size_t host) const;
  /// PostgreSQL's children whose title has that word: "walreceiver".
  [[nodiscard]] std::vector<pid_t> postgres_children(std::size_t host, const std::string& word) const;
  [[nodiscard]] bool listens(const std::string& part) const;
  /// The balancer gives it requests.
  [[nodiscard]] bool is_balanced(const std::string& order_replica) const;

 private:
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> roles() const;  // of the databases, by name
  [[nodiscard]] std::vector<pid_t> find(const std::string& part) const;

  Marketplace& market_;
  std::vector<ClusterHost> hosts_;
};

/// Throws where it says something else than that it was done.
void run_or_throw(const std::vector<std::string>& words);

}  // namespace ldt::testing
