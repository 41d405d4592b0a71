// The data folder: who may use it, which format it has, and the small files in it.
// Depends on POSIX files and the lock of platform/process.
// Invariant: whoever holds a DataFolder is the only supervisor in it, and no service of an earlier one is left.
#pragma once

#include <string>

#include "base/result.h"
#include "ldt/client/address.h"
#include "platform/process/lock_file.h"

namespace ldt {

class DataFolder {
 public:
  /// Makes the folder (mode 0700) or checks its format, locks it, makes what is missing in it, removes stale sockets.
  /// @return an Error whose detail is one line for people.
  [[nodiscard]] static Result<DataFolder> open(const std::string& path);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }
  /// Children that inherit it keep the folder locked until the last of them has ended.
  [[nodiscard]] int services_lock() const { return services_lock_.fd(); }

  /// True until `mark_seeded`, over restarts, in a folder that was made empty.
  [[nodiscard]] bool needs_seed() const;
  void mark_seeded() const;

  [[nodiscard]] Result<void> publish_address(const Address& address) const;
  void withdraw_address() const;

  [[nodiscard]] static bool is_supervised(const std::string& path) {
    return process::LockFile::is_held(supervisor_lock(path));
  }
  /// Empty where the folder has none.
  [[nodiscard]] static std::string read_address(const std::string& path);
  [[nodiscard]] static std::string read_operator_token(const std::string& path);
  /// The file whose lock the supervisor holds, with its process id.
  [[nodiscard]] static std::string supervisor_lock(const std::string& path) { return path + "/run/ldt.pid"; }
  [[nodiscard]] static std::string services_lock(const std::string& path) { return path + "/run/services.lock"; }

 private:
  DataFolder(std::string path, process::LockFile supervisor, process::LockFile services)
      : path_(std::move(path)), supervisor_lock_(std::move(supervisor)), services_lock_(std::move(services)) {}

  std::string path_;
  process::LockFile supervisor_lock_;
  process::LockFile services_lock_;
};

}  // namespace ldt
