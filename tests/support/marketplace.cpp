#include "support/marketplace.h"

#include <cstdlib>
#include <optional>

#include <gtest/gtest.h>

#include "support/eventually.h"

namespace ldt::testing {
namespace {

void kill_and_await(pid_t pid) {
  kill(pid, SIGKILL);
  if (!eventually([&] { return !is_running(pid); })) throw std::runtime_error("process survived SIGKILL");
}

}  // namespace

std::filesystem::path program(const std::string& name) {
  const char* folder = std::getenv("LDT_PROGRAMS");
  return std::filesystem::path(folder != nullptr ? folder : LDT_PROGRAMS) / name;
}

Marketplace::Marketplace() : Marketplace(Options{}) {}

Marketplace::Marketplace(Options options)
    : options_(std::move(options)), address_("127.0.0.1:" + std::to_string(free_port())) {
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
  if (supervisor_) supervisor_->end();
  for (const auto pid : left) {
    if (is_running(pid)) kill(pid, SIGKILL);
  }
}

Client Marketplace::client() const {
  std::string token = read_text(data() / "operator.token");
  while (!token.empty() && (token.back() == '\n' || token.back() == ' ')) token.pop_back();
  return {address_, token};
}

std::string Marketplace::printed() const { return read_text(log_folder_.path() / "up.log"); }

bool Marketplace::ready() const { return Http(address_).send("GET", "/readyz").status == 200; }

void Marketplace::start() {
  std::vector<std::string> words{program("ldt"), "up", "--data", data(), "--http", address_};
  words.insert(words.end(), options_.up_flags.begin(), options_.up_flags.end());
  const auto printed_before = printed().size();
  supervisor_ = std::make_unique<Process>(Command{words, log_folder_.path() / "up.log", options_.environment});
  // Ready for a person is more than /readyz: an empty folder is seeded, too.
  eventually([&] { return !supervised() || printed().find("ready at http://", printed_before) != std::string::npos; });
  wait_until_ready();
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

void Marketplace::kill_service(const std::string& service) { kill_and_await(pid_of(service)); }

void Marketplace::kill_supervisor() {
  supervisor_->signal(SIGKILL);
  supervisor_->wait(kPatience);
}

void Marketplace::kill_everything() {
  const auto pids = services();
  kill_supervisor();
  for (const auto pid : pids) kill_and_await(pid);
}

Finished Marketplace::stop() {
  auto finished = ldt({"down"});
  supervisor_->wait(kPatience);
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
    shared = std::make_unique<Marketplace>();
    ::testing::AddGlobalTestEnvironment(new EndsWithTheProgram);  // owned by GoogleTest
  }
  if (!shared->supervised()) shared->start();
  shared->wait_until_ready();
  return *shared;
}

}  // namespace ldt::testing
