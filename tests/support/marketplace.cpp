#include "support/marketplace.h"

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <string_view>

#include <gtest/gtest.h>

#include "support/eventually.h"
#include "support/postgres_server.h"

namespace ldt::testing {
namespace {

constexpr std::size_t kLongestName = 15;  // of a process, as Linux shows it
constexpr const char* kClusterFlag = "--cluster";
constexpr std::size_t kReplicas = 2;
constexpr std::chrono::seconds kClusterPatience{180};  // makes two databases, one a copy of the other

bool is_auto(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && std::string_view(value) == "auto";
}

void kill_and_await(const std::vector<pid_t>& pids) {
  for (const auto pid : pids) kill(pid, SIGKILL);
  for (const auto pid : pids) {
    if (!eventually([&] { return !is_running(pid); })) throw std::runtime_error("process survived SIGKILL");
  }
}

/// Lives as long as the program.
PostgresServer& shared_server() {
  static PostgresServer server({.in_memory = true, .settings = {{"max_connections", "500"}}});
  return server;
}

bool is_cluster(const Marketplace::Options& options) {
  return std::find(options.up_flags.begin(), options.up_flags.end(), kClusterFlag) != options.up_flags.end();
}

/// Started by whichever marketplace needs it first.
Marketplace::Options with_store(Marketplace::Options options) {
  if (options.store.empty() && options.may_be_cluster && runs_as_cluster()) {
    options.up_flags.insert(options.up_flags.end(), {kClusterFlag, "--replicas", std::to_string(kReplicas)});
    options.patience = std::max<std::chrono::milliseconds>(options.patience, kClusterPatience);
  }
  if (is_cluster(options)) return options;
  if (options.store.empty() && stores_in_postgres()) {
    static std::mutex mutex;
    const std::lock_guard lock(mutex);
    options.store = shared_server().make_database();
  }
  if (!options.store.empty()) options.environment.emplace("LDT_STORE", options.store);
  return options;
}

}  // namespace

bool stores_in_postgres() { return is_auto("LDT_STORE") || runs_as_cluster(); }

bool runs_as_cluster() { return is_auto("LDT_CLUSTER"); }

std::filesystem::path program(const std::string& name) {
  const char* folder = std::getenv("LDT_PROGRAMS");
  return std::filesystem::path(folder != nullptr ? folder : LDT_PROGRAMS) / name;
}

Marketplace::Marketplace() : Marketplace(Options{}) {}

Marketplace::Marketplace(Options options)
    : options_(with_store(std::move(options))), address_("127.0.0.1:" + std::to_string(free_port())) {
  start();
}

Marketplace::~Marketplace() {
  if (::testing::Test::HasFailure()) {
    folder_.keep();
    log_folder_.keep();
    std::fprintf(stderr, "marketplace: data kept in %s, output in %s\n", folder_.path().c_str(),
                 log_folder_.path().c_str());
  }
  if (supervisor_) resume_supervisor();
  const auto left = services();
  if (supervisor_) supervisor_->end(options_.patience);
  for (const auto pid : left) {
    if (is_running(pid)) kill(pid, SIGKILL);
  }
}

Client Marketplace::client() const {
  std::string token = read_text(data() / "operator.token");
  while (!token.empty() && (token.back() == '\n' || token.back() == ' ')) token.pop_back();
  return {address_, token};
}

std::string Marketplace::change_store(const std::string& sql) const {
  const Finished done = run_to_end({.words = {"/usr/bin/psql", "-v", "ON_ERROR_STOP=1", "-c", sql, store()}});
  if (done.exit_code != 0) throw std::runtime_error("psql failed: " + done.output);
  return done.output;
}

std::string Marketplace::printed() const { return read_text(log_folder_.path() / "up.log"); }

bool Marketplace::ready() const { return Http(address_).send("GET", "/readyz").status == 200; }

void Marketplace::start() {
  std::vector<std::string> words{program("ldt"), "up", "--data", data(), "--http", address_};
  words.insert(words.end(), options_.up_flags.begin(), options_.up_flags.end());
  const auto printed_before = printed().size();
  supervisor_ = std::make_unique<Process>(Command{words, log_folder_.path() / "up.log", options_.environment});
  // Ready for a person is more than /readyz: an empty folder is seeded, too.
  eventually([&] { return !supervised() || printed().find("ready at http://", printed_before) != std::string::npos; },
             options_.patience);
  wait_until_ready();
  store_ =
      is_cluster(options_) ? text_of(Json::parse(read_text(data() / "cluster/layout.json")), "store") : options_.store;
}

void Marketplace::wait_until_ready() {
  const bool there = eventually([&] { return !supervised() || ready(); });
  if (!there || !supervised()) throw std::runtime_error("the marketplace is not ready; it printed:\n" + printed());
}

std::vector<pid_t> Marketplace::services() {
  std::vector<pid_t> pids;
  if (!supervisor_) return pids;
  for (const auto& [name, pid] : children_of(supervisor_->pid())) pids.push_back(pid);
  return pids;
}

pid_t Marketplace::pid_of(const std::string& service) {
  std::optional<pid_t> pid;
  eventually([&] {
    const auto children = children_of(supervisor_->pid());
    const auto found = children.find("ldt-" + service);
    if (found != children.end()) pid = found->second;
    return pid.has_value();
  });
  if (!pid) throw std::runtime_error("the supervisor runs no " + service);
  return *pid;
}

std::vector<pid_t> Marketplace::pids_of(const std::string& program_name, const std::string& word) const {
  std::vector<pid_t> found;
  for (const auto& [name, pid] : children_of(supervisor_->pid())) {
    const std::string line = read_text("/proc/" + std::to_string(pid) + "/cmdline");
    if (name == program_name.substr(0, kLongestName) && line.find(word) != std::string::npos) found.push_back(pid);
  }
  return found;
}

std::vector<pid_t> Marketplace::processes_of(const std::string& service) {
  const std::size_t wanted = is_cluster(options_) && service != "telemetry" ? kReplicas : 1;
  std::vector<pid_t> pids;
  if (!eventually([&] { return (pids = pids_of("ldt-" + service)).size() >= wanted; })) {
    throw std::runtime_error("the supervisor runs " + std::to_string(pids.size()) + " of " + service);
  }
  return pids;
}

namespace {

/// The word behind `option` in a process's command line.
std::string word_behind(pid_t pid, const std::string& option) {
  const std::string line = read_text("/proc/" + std::to_string(pid) + "/cmdline");
  const std::string before = '\0' + option + '\0';
  const auto at = line.find(before);
  return at == std::string::npos ? "" : line.substr(at + before.size()).c_str();
}

}  // namespace

std::vector<std::string> Marketplace::http_addresses() const {
  if (!is_cluster(options_)) return {address_};
  std::vector<std::string> addresses;
  for (const auto pid : pids_of("ldt-order")) addresses.push_back(word_behind(pid, "--http"));
  return addresses;
}

std::string Marketplace::grpc_address(const std::string& service) const {
  const std::string listens = word_behind(pids_of("ldt-" + service).at(0), "--listen");
  return listens.starts_with("unix:") ? (data() / listens.substr(5)).string() : listens;
}

void Marketplace::kill_service(const std::string& service) { kill_and_await(processes_of(service)); }

void Marketplace::kill_supervisor() {
  supervisor_->signal(SIGKILL);
  supervisor_->wait(kPatience);
}

void Marketplace::kill_everything() {
  const auto pids = services();
  kill_supervisor();
  kill_and_await(pids);
}

Finished Marketplace::stop() {
  auto finished = ldt({"down"}, 2 * options_.patience);
  supervisor_->wait(options_.patience);
  return finished;
}

Finished Marketplace::ldt(std::vector<std::string> words, std::chrono::milliseconds patience) const {
  words.insert(words.begin(), program("ldt"));
  words.insert(words.end(), {"--data", data()});
  return run_to_end({words, {}, options_.environment}, patience);
}

Marketplace& shared_marketplace() {
  static std::unique_ptr<Marketplace> shared;
  class EndsWithTheProgram : public ::testing::Environment {
    void TearDown() override { shared.reset(); }
  };
  if (!shared) {
    shared = std::make_unique<Marketplace>(Marketplace::Options{.may_be_cluster = true});
    ::testing::AddGlobalTestEnvironment(new EndsWithTheProgram);  // owned by GoogleTest
  }
  if (!shared->supervised()) shared->start();
  shared->wait_until_ready();
  return *shared;
}

}  // namespace ldt::testing
