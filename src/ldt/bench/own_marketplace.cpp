#include "ldt/bench/own_marketplace.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "ldt/bench/process_costs.h"
#include "ldt/output/terminal.h"
#include "ldt/processes/data_folder.h"
#include "platform/process/spawn.h"
#include "platform/process/unique_fd.h"

namespace ldt::bench {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr long kTmpfs = 0x01021994;
constexpr long kRamfs = 0x858458F6;
constexpr seconds kReadyWithin{240};  // `ldt up` itself gives up earlier
constexpr seconds kStopWithin{120};
constexpr milliseconds kPause{10};

bool is_real_disk(const std::string& folder) {
  struct statfs about {};
  return ::statfs(folder.c_str(), &about) == 0 && about.f_type != kTmpfs && about.f_type != kRamfs &&
         ::access(folder.c_str(), W_OK) == 0;
}

std::string folder_on_disk() {
  const char* wanted = std::getenv("TMPDIR");
  for (const std::string& folder : {std::string(wanted != nullptr ? wanted : "/tmp"), std::string("/var/tmp")}) {
    if (is_real_disk(folder)) return folder;
  }
  return ".";
}

Result<std::string> make_folder(const std::string& parent) {
  std::error_code ignored;
  std::string path = fs::absolute(parent.empty() ? folder_on_disk() : parent, ignored).string() + "/ldt-bench-XXXXXX";
  // A cluster's PostgreSQL runs as a user of its own, who has to pass through; the data folder has its own mode.
  if (::mkdtemp(path.data()) != nullptr && ::chmod(path.c_str(), 0711) == 0) return path;
  return failure(ErrorKind::kInternal, "cannot make a folder " + path + ": " + std::strerror(errno));
}

std::string read_text(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace

bool has_signal(const process::Signals& signals) {
  pollfd descriptor{signals.fd(), POLLIN, 0};
  return ::poll(&descriptor, 1, 0) > 0;
}

Result<std::unique_ptr<OwnMarketplace>> OwnMarketplace::start(const std::string& parent,
                                                              const std::vector<std::string>& more,
                                                              process::Signals& stop) {
  auto folder = make_folder(parent);
  if (!folder) return tl::unexpected(folder.error());
  std::unique_ptr<OwnMarketplace> made(new OwnMarketplace(std::move(*folder)));
  const auto ready = made->run_up(more).and_then([&] { return made->wait_until_ready(stop); });
  if (!ready) return tl::unexpected(ready.error());
  return made;
}

OwnMarketplace::~OwnMarketplace() {
  stop_up();
  std::error_code error;
  fs::remove_all(folder_, error);
  if (error) complain("cannot remove " + folder_ + ": " + error.message());
}

void OwnMarketplace::kill_all() {
  ::kill(up_, SIGKILL);
  for (const auto& [name, pid] : processes_in(data_folder())) ::kill(pid, SIGKILL);
  while (!process::reap(up_)) std::this_thread::sleep_for(kPause);
  up_ = -1;
  wait_until_services_are_gone();
  std::error_code none;
  fs::remove(data_folder() + "/http.address", none);  // of the one that was killed
}

Result<void> OwnMarketplace::start_again(process::Signals& stop) {
  return run_up({}).and_then([&] { return wait_until_ready(stop); });
}

Result<void> OwnMarketplace::run_up(const std::vector<std::string>& more) {
  const std::string output = folder_ + "/up.log";
  const process::UniqueFd log(::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  process::SpawnRequest request;
  request.program = process::own_folder() + "/ldt";
  // Its telemetry store takes what its own services say, and leaves the standard ports to others.
  request.arguments = {"up",          "--data", data_folder(), "--http", "127.0.0.1:0",
                       "--otlp-grpc", "off",    "--otlp-http", "off"};
  request.arguments.insert(request.arguments.end(), more.begin(), more.end());
  request.working_directory = folder_;
  request.output = log.get();
  const auto child = process::spawn(request);
  if (!child) return tl::unexpected(child.error());
  up_ = *child;
  return {};
}

Result<void> OwnMarketplace::wait_until_ready(process::Signals& stop) {
  const auto deadline = std::chrono::steady_clock::now() + kReadyWithin;
  while (std::chrono::steady_clock::now() < deadline && !has_signal(stop)) {
    if (const auto address = parse_address(DataFolder::read_address(data_folder()))) {
      address_ = *address;
      return {};
    }
    if (process::reap(up_)) {
      up_ = -1;
      break;
    }
    std::this_thread::sleep_for(kPause);
  }
  if (has_signal(stop)) return failure(ErrorKind::kUnavailable, "interrupted");
  return failure(ErrorKind::kUnavailable,
                 "the marketplace to measure did not start:\n" + read_text(folder_ + "/up.log"));
}

/// The supervisor ends its services before it ends itself; if it has to be killed, they end by its death.
void OwnMarketplace::stop_up() {
  if (up_ < 0) return;
  ::kill(up_, SIGTERM);
  const auto deadline = std::chrono::steady_clock::now() + kStopWithin;
  bool killed = false;
  while (!process::reap(up_)) {
    if (!killed && std::chrono::steady_clock::now() > deadline) {
      ::kill(up_, SIGKILL);
      killed = true;
    }
    std::this_thread::sleep_for(kPause);
  }
  wait_until_services_are_gone();
}

void OwnMarketplace::wait_until_services_are_gone() const {
  const auto end = std::chrono::steady_clock::now() + kStopWithin;
  const std::string services = DataFolder::services_lock(data_folder());
  while (process::LockFile::is_held(services) && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace ldt::bench
