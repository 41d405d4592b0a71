#include "support/postgres_server.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "support/eventually.h"

namespace ldt::testing {
namespace {

namespace fs = std::filesystem;

/// Debian keeps each version's programs in a folder of its own; the newest is taken.
fs::path program(const std::string& name) {
  fs::path newest;
  std::error_code none;
  for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", none)) {
    if (fs::exists(version.path() / "bin" / name)) newest = std::max(newest, version.path());
  }
  return newest.empty() ? fs::path() : newest / "bin" / name;
}

/// `words`, as a user who may run PostgreSQL.
std::vector<std::string> as_postgres(std::vector<std::string> words) {
  if (geteuid() != 0) return words;
  std::vector<std::string> all{"/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups",
                               "--pdeathsig=QUIT"};
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

void must_work(const std::vector<std::string>& words) {
  const Finished finished = run_to_end({.words = as_postgres(words)}, std::chrono::seconds(120));
  if (finished.exit_code != 0) throw std::runtime_error(words.front() + " failed: " + finished.output);
}

/// Below the range that the kernel hands out by itself, so that nobody gets it before the server listens.
int free_port() {
  static std::atomic<int> next{static_cast<int>(20'000 + getpid() % 10'000)};
  for (int tries = 0; tries < 1000; ++tries) {
    const int port = 20'000 + (next++ - 20'000) % 10'000;
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool is_free = bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(socket);
    if (is_free) return port;
  }
  throw std::runtime_error("no free port");
}

/// children_of() knows one of each name only, and all of PostgreSQL's have the same.
std::vector<pid_t> all_children_of(pid_t parent) {
  std::istringstream list(
      read_text("/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) + "/children"));
  std::vector<pid_t> children;
  for (pid_t child = 0; list >> child;) children.push_back(child);
  return children;
}

fs::path make_folder(bool in_memory) {
  std::string pattern = (in_memory ? fs::path("/dev/shm") : fs::temp_directory_path()) / "ldt-postgres-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
  return pattern;
}

}  // namespace

bool PostgresServer::available() { return !program("postgres").empty(); }

PostgresServer::PostgresServer(const PostgresOptions& options) : folder_(make_folder(options.in_memory)) {
  if (!available()) throw std::runtime_error("PostgreSQL is not installed");
  initialise(options);
  start();
}

PostgresServer::~PostgresServer() {
  kill();
  std::error_code none;
  fs::remove_all(folder_, none);
}

void PostgresServer::initialise(const PostgresOptions& options) {
  if (geteuid() == 0) {
    const Finished owned = run_to_end({.words = {"/usr/bin/chown", "postgres:postgres", folder_.string()}});
    if (owned.exit_code != 0) throw std::runtime_error("chown failed: " + owned.output);
  }
  must_work({program("initdb"), "-D", (folder_ / "data").string(), "-U", "ldt", "--auth=trust", "--encoding=UTF8",
             "--locale=C", "--data-checksums", "--no-sync"});
  port_ = free_port();
  std::map<std::string, std::string> settings{{"listen_addresses", "'127.0.0.1'"},
                                              {"port", std::to_string(port_)},
                                              {"unix_socket_directories", "'" + folder_.string() + "'"},
                                              {"max_connections", "200"},
                                              {"shared_buffers", "'64MB'"},
                                              {"max_wal_size", "'256MB'"},
                                              {"deadlock_timeout", "'200ms'"}};
  for (const auto& [name, value] : options.settings) settings[name] = value;
  std::ofstream file(folder_ / "data" / "postgresql.auto.conf", std::ios::app);
  for (const auto& [name, value] : settings) file << name << " = " << value << '\n';
}

void PostgresServer::start() {
  // One that was killed may have forked at that moment: its child lives until it notices, and none starts before.
  const auto starts = [this] { return try_start() || !told("pre-existing shared memory block"); };
  if (!eventually(starts, std::chrono::seconds(60)) || !server_->running()) {
    throw std::runtime_error("PostgreSQL does not start: " + read_text(folder_ / "server.log"));
  }
}

bool PostgresServer::try_start() {
  server_ =
      std::make_unique<Process>(Command{.words = as_postgres({program("postgres"), "-D", (folder_ / "data").string()}),
                                        .output = folder_ / "server.log"});
  const auto answers = [this] {
    return !server_->running() || run_to_end({.words = {program("psql"), "-qtAc", "SELECT 1", url()}}).exit_code == 0;
  };
  return eventually(answers, std::chrono::seconds(60)) && server_->running();
}

bool PostgresServer::told(std::string_view text) const {
  return read_text(folder_ / "server.log").find(text) != std::string::npos;
}

void PostgresServer::stop() {
  if (!server_) return;
  server_->signal(SIGINT);
  server_->wait(std::chrono::seconds(30));
  server_.reset();
}

void PostgresServer::kill() {
  if (!server_) return;
  signal_all(SIGKILL);
  server_->wait(std::chrono::seconds(30));
  server_.reset();
}

void PostgresServer::freeze() { signal_all(SIGSTOP); }
void PostgresServer::thaw() { signal_all(SIGCONT); }

/// The postmaster first, so that it starts no others meanwhile.
void PostgresServer::signal_all(int number) const {
  const auto children = all_children_of(server_->pid());
  server_->signal(number);
  for (const pid_t child : children) ::kill(child, number);
  for (const pid_t child : all_children_of(server_->pid())) ::kill(child, number);
}

std::string PostgresServer::url(const std::string& database) const {
  return "postgresql://ldt@/" + database + "?host=" + folder_.string() + "&port=" + std::to_string(port_);
}

std::string PostgresServer::tcp_url(const std::string& database) const {
  return "postgresql://ldt@127.0.0.1:" + std::to_string(port_) + "/" + database;
}

std::string PostgresServer::make_database() {
  const std::string name = "test_" + std::to_string(getpid()) + "_" + std::to_string(++databases_);
  run("CREATE DATABASE " + name);
  return url(name);
}

std::string PostgresServer::run(const std::string& sql, const std::string& database) const {
  const Finished finished =
      run_to_end({.words = {program("psql"), "-v", "ON_ERROR_STOP=1", "-qtAc", sql, url(database)}});
  if (finished.exit_code != 0) throw std::runtime_error("psql failed: " + finished.output);
  return finished.output.substr(0, finished.output.find_last_not_of('\n') + 1);
}

}  // namespace ldt::testing
