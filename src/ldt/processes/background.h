// A process that goes to the background only once it has something to show for it.
// Depends on POSIX. Invariant: the process that was called exits 0 only after `leave_terminal`.
#pragma once

#include <optional>
#include <string>

#include "platform/process/unique_fd.h"

namespace ldt {

class Background {
 public:
  /// Forks. In the new process: nothing, go on. In the calling one: waits, and gives the exit code to end with.
  [[nodiscard]] std::optional<int> fork();
  /// Lets the calling process end with success, and goes on without a terminal: output is appended to the file.
  void leave_terminal(const std::string& output_file);

 private:
  process::UniqueFd ready_;
};

}  // namespace ldt
