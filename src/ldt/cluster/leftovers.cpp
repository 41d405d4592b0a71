#include "ldt/cluster/leftovers.h"

#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "ldt/processes/files.h"

namespace ldt::cluster {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kPatience{10};
constexpr std::chrono::milliseconds kPause{10};

/// 0: none. A number in the file may be another process's by now; a server works in its data directory.
pid_t server_of(const std::string& data_directory) {
  const pid_t pid = std::atoi(read_file(data_directory + "/postmaster.pid").c_str());
  if (pid <= 1) return 0;
  std::error_code error;
  const fs::path works_in = fs::read_symlink("/proc/" + std::to_string(pid) + "/cwd", error);
  return !error && works_in == fs::path(data_directory) ? pid : 0;
}

}  // namespace

void stop_leftover_postgres(const std::string& data_directory) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  bool told = false;
  while (true) {
    const pid_t pid = server_of(data_directory);
    if (pid == 0) return;
    const bool late = std::chrono::steady_clock::now() > deadline;
    if (late || !told) ::kill(pid, late ? SIGKILL : SIGQUIT);
    told = true;
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace ldt::cluster
