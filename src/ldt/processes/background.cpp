#include "ldt/processes/background.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "ldt/exit_codes.h"
#include "ldt/output/terminal.h"

namespace ldt {
namespace {

/// The exit code of the process that was called: 0 if the other one said that it is ready.
int wait_until_ready(int ready, pid_t child) {
  char word = 0;
  ssize_t got = 0;
  do {
    got = ::read(ready, &word, 1);
  } while (got < 0 && errno == EINTR);
  if (got == 1) return kExitOk;
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) != kExitOk ? WEXITSTATUS(status) : kExitCannot;
}

}  // namespace

std::optional<int> Background::fork() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    complain(std::string("cannot go to the background: ") + std::strerror(errno));
    return kExitCannot;
  }
  process::UniqueFd reader(ends[0]);
  ready_ = process::UniqueFd(ends[1]);
  const pid_t child = ::fork();
  if (child == 0) return std::nullopt;
  ready_.reset();
  if (child < 0) {
    complain(std::string("cannot go to the background: ") + std::strerror(errno));
    return kExitCannot;
  }
  return wait_until_ready(reader.get(), child);
}

void Background::leave_terminal(const std::string& output_file) {
  ::setsid();  // cannot fail: a forked process leads no group
  const process::UniqueFd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const process::UniqueFd output(::open(output_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  const int target = output ? output.get() : nothing.get();
  ::dup2(nothing.get(), STDIN_FILENO);
  ::dup2(target, STDOUT_FILENO);
  ::dup2(target, STDERR_FILENO);
  const char word = 1;
  if (::write(ready_.get(), &word, 1) < 0) complain("nobody waits any more");
  ready_.reset();
}

}  // namespace ldt
