#include "platform/process/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

#include "platform/process/unique_fd.h"

namespace ldt::process {
namespace {

/// Everything the child needs, made before fork: between fork and exec nothing may allocate.
struct ExecPlan {
  const char* program;
  const char* working_directory;
  char* const* argv;
  int output;
  int kept;
  int report;  // where errno goes if exec fails; closed by a successful exec
  pid_t parent;
};

[[noreturn]] void give_up(const ExecPlan& plan) {
  const int error = errno;
  // Nobody is left to tell where even this fails.
  if (::write(plan.report, &error, sizeof error) < 0) ::_exit(127);
  ::_exit(127);
}

void restore_signals() {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD}) ::signal(number, SIG_DFL);
}

[[noreturn]] void run_child(const ExecPlan& plan) {
  if (::prctl(PR_SET_PDEATHSIG, SIGTERM) != 0) give_up(plan);
  if (::getppid() != plan.parent) ::_exit(127);  // the parent died before the death signal was set
  ::setpgid(0, 0);                               // Ctrl-C at the terminal is the parent's to hear
  ::umask(077);
  if (::chdir(plan.working_directory) != 0) give_up(plan);
  const int nothing = ::open("/dev/null", O_RDONLY);
  if (nothing < 0 || ::dup2(nothing, STDIN_FILENO) < 0) give_up(plan);
  if (plan.output >= 0 && (::dup2(plan.output, STDOUT_FILENO) < 0 || ::dup2(plan.output, STDERR_FILENO) < 0)) {
    give_up(plan);
  }
  if (plan.kept >= 0 && ::fcntl(plan.kept, F_SETFD, 0) != 0) give_up(plan);
  if (nothing > STDERR_FILENO) ::close(nothing);
  restore_signals();
  ::execv(plan.program, plan.argv);
  give_up(plan);
}

std::vector<char*> argv_of(const SpawnRequest& request) {
  std::vector<char*> argv;
  argv.push_back(const_cast<char*>(request.program.c_str()));
  for (const auto& argument : request.arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  return argv;
}

}  // namespace

Result<pid_t> spawn(const SpawnRequest& request) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failure(ErrorKind::kInternal, std::strerror(errno));
  UniqueFd report(ends[0]);
  UniqueFd child_report(ends[1]);
  const auto argv = argv_of(request);
  const ExecPlan plan{request.program.c_str(),
                      request.working_directory.c_str(),
                      argv.data(),
                      request.output,
                      request.kept,
                      child_report.get(),
                      ::getpid()};

  const pid_t child = ::fork();
  if (child < 0) return failure(ErrorKind::kInternal, std::string("cannot fork: ") + std::strerror(errno));
  if (child == 0) run_child(plan);

  child_report.reset();
  int error = 0;
  ssize_t got = 0;
  do {
    got = ::read(report.get(), &error, sizeof error);
  } while (got < 0 && errno == EINTR);
  if (got == 0) return child;
  ::waitpid(child, nullptr, 0);
  return failure(ErrorKind::kInternal, "cannot run " + request.program + ": " + std::strerror(error));
}

std::optional<Ended> reap(pid_t child) {
  int status = 0;
  if (::waitpid(child, &status, WNOHANG) != child) return std::nullopt;
  if (WIFSIGNALED(status)) return Ended{true, WTERMSIG(status)};
  return Ended{false, WEXITSTATUS(status)};
}

std::string describe(const Ended& ended) {
  if (!ended.by_signal) return "exited with code " + std::to_string(ended.code);
  return "was killed by signal " + std::to_string(ended.code) + " (" + ::strsignal(ended.code) + ")";
}

std::string own_folder() {
  std::array<char, PATH_MAX> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  const std::string program(path.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  const auto slash = program.rfind('/');
  return slash == std::string::npos ? "." : program.substr(0, slash);
}

}  // namespace ldt::process
