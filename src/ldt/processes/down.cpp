// `ldt down`: tells the supervisor of a data folder to stop, and waits until no service is left.

#include <signal.h>

#include <chrono>
#include <thread>

#include "ldt/commands.h"
#include "ldt/exit_codes.h"
#include "ldt/output/terminal.h"
#include "ldt/processes/data_folder.h"
#include "platform/process/lock_file.h"

namespace ldt {
namespace {

using process::LockFile;

constexpr std::chrono::seconds kPatience{120};  // the supervisor gives each tier some seconds, twice
constexpr std::chrono::milliseconds kPause{10};

bool someone_runs(const std::string& data_folder) {
  return DataFolder::is_supervised(data_folder) || LockFile::is_held(DataFolder::services_lock(data_folder));
}

}  // namespace

int run(const DownCommand& command) {
  if (!someone_runs(command.data_folder)) {
    print("nothing runs in " + command.data_folder + "\n");
    return kExitOk;
  }
  const auto supervisor = LockFile::holder(DataFolder::supervisor_lock(command.data_folder));
  if (supervisor && ::kill(*supervisor, SIGTERM) != 0) {
    complain("may not stop process " + std::to_string(*supervisor));
    return kExitCannot;
  }
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (someone_runs(command.data_folder)) {
    if (std::chrono::steady_clock::now() >= deadline) {
      complain("the marketplace in " + command.data_folder + " does not stop");
      return kExitCannot;
    }
    std::this_thread::sleep_for(kPause);
  }
  print("stopped the marketplace in " + command.data_folder + "\n");
  return kExitOk;
}

}  // namespace ldt
