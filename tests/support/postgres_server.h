// A PostgreSQL server of this test run's own, thrown away at the end: on a Unix socket and a free port of the loopback.
// Runs as user `postgres` where the tests run as root, which PostgreSQL refuses.
// Invariant: it ends with its object, and with the test program even if that is killed.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "support/process.h"

namespace ldt::testing {

struct PostgresOptions {
  /// Keeps the data in memory (/dev/shm): what a COMMIT costs is then not the disk.
  bool in_memory = false;
  /// Lines of postgresql.conf, above the defaults here.
  std::map<std::string, std::string> settings;
};

class PostgresServer {
 public:
  /// True where PostgreSQL's programs are installed.
  [[nodiscard]] static bool available();

  /// Makes a cluster and starts it. Throws std::runtime_error where that fails.
  explicit PostgresServer(const PostgresOptions& options = {});
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  /// The URL of a database, over the Unix socket.
  [[nodiscard]] std::string url(const std::string& database = "postgres") const;
  /// The same over TCP, where a partition or a proxy can be.
  [[nodiscard]] std::string tcp_url(const std::string& database = "postgres") const;
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] const std::filesystem::path& socket_folder() const { return folder_; }
  /// Makes an empty database of a name that nobody else has, and gives its URL.
  [[nodiscard]] std::string make_database();
  /// Runs SQL with psql as the superuser and gives what it prints, without alignment. Throws where it fails.
  std::string run(const std::string& sql, const std::string& database = "postgres") const;

  /// Ends all of it at once, as a power failure would (but for the disk's cache). `start()` recovers.
  void kill();
  /// Ends it in order; clients are cut off.
  void stop();
  void start();
  /// Freezes and thaws the server and all that serve its clients.
  void freeze();
  void thaw();

 private:
  void initialise(const PostgresOptions& options);
  /// False: it ended at once, or does not answer.
  bool try_start();
  [[nodiscard]] bool told(std::string_view text) const;
  void signal_all(int number) const;

  std::filesystem::path folder_;
  int port_ = 0;
  int databases_ = 0;
  std::unique_ptr<Process> server_;
};

}  // namespace ldt::testing
