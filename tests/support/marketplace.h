// A real marketplace: the installed programs, in a data folder of their own, on a free port of the loopback interface.
// Knows its processes by id, so that a test can kill them. Invariant: nothing runs on once the object is gone.
#pragma once

#include <signal.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/client.h"
#include "support/eventually.h"
#include "support/process.h"

namespace ldt::testing {

/// The folder of the installed programs: LDT_PROGRAMS of the environment, else where the tests were configured against.
[[nodiscard]] std::filesystem::path program(const std::string& name);

/// True where marketplaces that do not say otherwise keep their data in PostgreSQL, not in files that a test can
/// change.
[[nodiscard]] bool stores_in_postgres();

/// True where the shared marketplace is a cluster: the environment has LDT_CLUSTER=auto.
[[nodiscard]] bool runs_as_cluster();

inline const std::vector<std::string> kServices{"order", "payment", "inventory", "delivery"};

class Marketplace {
 public:
  struct Options {
    std::vector<std::string> up_flags;               // more words for `ldt up`
    std::map<std::string, std::string> environment;  // of its processes
    /// A PostgreSQL URL. Empty: SQLite, or where the environment has LDT_STORE=auto a fresh database of a server that
    /// all marketplaces of the program share.
    std::string store;
    /// A cluster where the environment has LDT_CLUSTER=auto. Without it, a marketplace of its own with a database of
    /// the shared server is meant there: a cluster takes 15 s to start.
    bool may_be_cluster = false;
    std::chrono::milliseconds patience = kPatience;  // with a start, and twice with a stop
  };

  /// Starts it and waits until it is ready. Throws std::runtime_error, with what it printed, where it does not get
  /// there.
  Marketplace();
  explicit Marketplace(Options options);
  ~Marketplace();
  Marketplace(const Marketplace&) = delete;
  Marketplace& operator=(const Marketplace&) = delete;

  [[nodiscard]] Client client() const;
  [[nodiscard]] const std::string& address() const { return address_; }  // HOST:PORT
  /// Where the order service itself takes HTTP: of a cluster one replica, behind the balancer.
  [[nodiscard]] std::string http_address() const { return http_addresses().at(0); }
  [[nodiscard]] std::vector<std::string> http_addresses() const;  // of all replicas
  /// Where a service takes gRPC, of a cluster one replica: HOST:PORT, or the path of a Unix socket.
  [[nodiscard]] std::string grpc_address(const std::string& service) const;
  [[nodiscard]] const std::filesystem::path& data() const { return folder_.path(); }
  [[nodiscard]] const std::string& store() const { return store_; }  // PostgreSQL's URL; empty: SQLite
  /// Runs SQL there, behind the services' backs, and gives what psql says. Throws where it fails.
  std::string change_store(const std::string& sql) const;
  [[nodiscard]] std::string printed() const;  // all that `ldt up` has printed so far

  [[nodiscard]] bool ready() const;
  [[nodiscard]] bool supervised() { return supervisor_ && supervisor_->running(); }
  /// The service's process, once the supervisor has one running; of a cluster one replica's. Throws if there is none in
  /// time.
  [[nodiscard]] pid_t pid_of(const std::string& service);
  /// All replicas of the service, the oldest first, once as many run as there shall be. Throws if they do not in time.
  [[nodiscard]] std::vector<pid_t> processes_of(const std::string& service);

  /// Of a cluster: all processes that run the program with such a word ("ldt-payment" and "log/host-2"), now.
  [[nodiscard]] std::vector<pid_t> pids_of(const std::string& program, const std::string& word = "") const;
  [[nodiscard]] pid_t supervisor_pid() const { return supervisor_->pid(); }

  /// kill -9, of every replica; returns once the processes are gone.
  void kill_service(const std::string& service);
  void kill_supervisor();
  void pause_supervisor() { supervisor_->signal(SIGSTOP); }
  void resume_supervisor() { supervisor_->signal(SIGCONT); }
  /// The supervisor first, so that it restarts nothing.
  void kill_everything();
  /// `ldt down`.
  Finished stop();
  /// Starts it again on its data, after a stop or a kill, and waits until it is ready.
  void start();
  void wait_until_ready();

  /// Runs `ldt WORDS... --data <its folder>`.
  Finished ldt(std::vector<std::string> words, std::chrono::milliseconds patience = std::chrono::seconds(30)) const;

 private:
  [[nodiscard]] std::vector<pid_t> services();

  Options options_;
  std::string store_;
  TemporaryFolder folder_;
  TemporaryFolder log_folder_;
  std::string address_;
  std::unique_ptr<Process> supervisor_;
};

/// The one that most scenarios share: started by the first that asks, ended with the program. Ready on return.
Marketplace& shared_marketplace();

}  // namespace ldt::testing
