// Starts programs as children that cannot outlive their parent, and says how they ended.
// POSIX and Linux calls only: Boost.Process 1.81 offers neither the death signal nor an umask for the child.
// Invariant: of the parent's descriptors a child gets its output and `kept`, nothing else.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace ldt::process {

struct SpawnRequest {
  std::string program;                 // a path
  std::vector<std::string> arguments;  // without the program's own name
  std::string working_directory;
  int output = -1;  // becomes the child's stdout and stderr; its stdin is /dev/null
  int kept = -1;    // a descriptor that stays open in the child, such as a lock that it shall hold; -1: none
};

/// Starts a child in its own process group with umask 077. It gets SIGTERM when the calling thread ends, however it
/// ends, so call this from a thread that lives as long as the children shall.
/// @return its process id; an Error where the program could not be executed.
[[nodiscard]] Result<pid_t> spawn(const SpawnRequest& request);

struct Ended {
  bool by_signal = false;
  int code = 0;  // the exit code, or the signal's number
};

/// How the child ended; nothing while it lives. Collects the child: ask no more after an answer.
[[nodiscard]] std::optional<Ended> reap(pid_t child);
/// "exited with code 3", "was killed by signal 9 (Killed)"
[[nodiscard]] std::string describe(const Ended& ended);

/// The folder of the running program.
[[nodiscard]] std::string own_folder();

}  // namespace ldt::process
