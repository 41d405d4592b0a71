#include "platform/process/signals.h"

#include <signal.h>
#include <sys/signalfd.h>

#include "base/check.h"

namespace ldt::process {

Signals::Signals(std::initializer_list<int> numbers) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : numbers) ::sigaddset(&set, number);
  CHECK(::sigprocmask(SIG_BLOCK, &set, nullptr) == 0);
  fd_ = UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  CHECK(fd_);
}

std::vector<int> Signals::take() {
  std::vector<int> numbers;
  signalfd_siginfo info{};
  while (::read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    numbers.push_back(static_cast<int>(info.ssi_signo));
  }
  return numbers;
}

}  // namespace ldt::process
