// A lock that ends with its holders: flock on a file that is never removed.
// Depends on POSIX. Invariant: held while any process has the descriptor open, so a child that inherits it holds it on
// after its parent was killed.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

#include "base/result.h"
#include "platform/process/unique_fd.h"

namespace ldt::process {

class LockFile {
 public:
  /// Takes the lock, making the file (mode 0600) if needed, and writes this process's id into it.
  /// @param patience  how long to wait for another holder to end
  /// @return kConflict where another holder stays.
  [[nodiscard]] static Result<LockFile> acquire(const std::string& path, std::chrono::milliseconds patience = {});

  [[nodiscard]] static bool is_held(const std::string& path);
  /// The process that took the lock; nothing where nobody holds it, or where it has only just been taken.
  [[nodiscard]] static std::optional<pid_t> holder(const std::string& path);

  LockFile(LockFile&&) = default;
  LockFile& operator=(LockFile&&) = delete;
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;
  /// Empties the file, and lets go of the lock once no child has it either.
  ~LockFile();

  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  explicit LockFile(UniqueFd fd) : fd_(std::move(fd)) {}
  void write(const std::string& text) const;

  UniqueFd fd_;
};

}  // namespace ldt::process
