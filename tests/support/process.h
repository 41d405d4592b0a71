// Processes of this test run: started, watched through /proc, and ended by their id.
// Invariant: a Process ends with its object, and with the test program even if that is killed.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ldt::testing {

struct Command {
  std::vector<std::string> words;                  // program first
  std::filesystem::path output;                    // stdout and stderr go to the end of this file; empty: inherited
  std::map<std::string, std::string> environment;  // added to this process's own
};

class Process {
 public:
  /// Throws std::runtime_error where the program cannot be started.
  explicit Process(const Command& command);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool running();
  void signal(int number) const;
  /// The exit code (128 + n for signal n), or nothing if it still runs after `patience`.
  std::optional<int> wait(std::chrono::milliseconds patience);
  /// SIGTERM, then SIGKILL after `patience`. The exit code.
  int end(std::chrono::milliseconds patience = std::chrono::seconds(10));

 private:
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

struct Finished {
  int exit_code = -1;
  std::string output;  // stdout and stderr
};

/// Runs a program to its end; kills it after `patience` (exit code 137).
Finished run_to_end(const Command& command, std::chrono::milliseconds patience = std::chrono::seconds(30));

/// False for zombies, too.
[[nodiscard]] bool is_running(pid_t pid);
/// The running children of a process, by the name of their program.
[[nodiscard]] std::multimap<std::string, pid_t> children_of(pid_t parent);

[[nodiscard]] std::string read_text(const std::filesystem::path& file);

/// A folder of its own under the temporary one, removed at the end unless `keep()` was called.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  void keep() { kept_ = true; }
  [[nodiscard]] bool kept() const { return kept_; }

 private:
  std::filesystem::path path_;
  bool kept_ = false;
};

}  // namespace ldt::testing
