#include "ldt/processes/service.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/exit_codes.h"
#include "ldt/output/text.h"

namespace ldt {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kShortestBackoff{50};
constexpr milliseconds kLongestBackoff{5'000};
constexpr milliseconds kLongestBackoffUnneeded{60'000};  // nobody waits for it
constexpr std::chrono::seconds kLongLife{10};            // after so long an end counts as the first one again
constexpr std::size_t kChunk = 1U << 16U;
constexpr std::size_t kLongestLine = 1U << 14U;

}  // namespace

Result<void> Service::start(SteadyTime now) {
  started_at_ = now;
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failure(ErrorKind::kInternal, std::strerror(errno));
  output_ = process::UniqueFd(ends[0]);
  const process::UniqueFd child_end(ends[1]);
  ::fcntl(output_.get(), F_SETFL, O_NONBLOCK);  // ours alone: the child's end keeps blocking

  process::SpawnRequest request;
  request.program = plan_.program;
  request.arguments = plan_.arguments;
  request.working_directory = data_.path();
  request.output = child_end.get();
  request.kept = data_.services_lock();
  const auto child = process::spawn(request);
  if (!child) return tl::unexpected(child.error());
  pid_ = *child;
  restart_at_.reset();
  return {};
}

std::optional<process::Ended> Service::reap() {
  if (!pid_) return std::nullopt;
  const auto ended = process::reap(*pid_);
  if (ended) pid_.reset();
  if (ended && plan_.once && !ended->by_signal && ended->code == 0) done_ = true;
  return ended;
}

milliseconds Service::plan_restart(const process::Ended& ended, SteadyTime now) {
  milliseconds pause{};
  if (ended.by_signal || ended.code != kStruckExitCode) {
    const bool lived_long = now - started_at_ >= kLongLife;
    const milliseconds longest = plan_.needed ? kLongestBackoff : kLongestBackoffUnneeded;
    backoff_ = lived_long || backoff_ == milliseconds{} ? kShortestBackoff : std::min(longest, backoff_ * 2);
    pause = backoff_;
  }
  restart_at_ = now + pause;
  return pause;
}

void Service::signal(int number) const {
  if (pid_) ::kill(*pid_, number);
}

void Service::relay_output(bool echo) {
  if (!output_) return;
  std::array<char, kChunk> chunk{};
  ssize_t got = 0;
  while ((got = ::read(output_.get(), chunk.data(), chunk.size())) > 0) {
    take(std::string(chunk.data(), static_cast<std::size_t>(got)), echo);
  }
  if (got == 0) output_.reset();
}

void Service::take(const std::string& bytes, bool echo) {
  // Opened each time, so that an operator may move the file away.
  const std::string path = data_.file("log/" + plan_.name + ".stderr");
  const process::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (file && ::write(file.get(), bytes.data(), bytes.size()) < 0) {
    std::fprintf(stderr, "ldt: cannot write %s: %s\n", path.c_str(), std::strerror(errno));
  }
  partial_line_ += bytes;
  if (partial_line_.size() > kLongestLine && partial_line_.find('\n') == std::string::npos) partial_line_ += '\n';
  std::size_t end = 0;
  while ((end = partial_line_.find('\n')) != std::string::npos) {
    last_line_ = printable(partial_line_.substr(0, end));
    partial_line_.erase(0, end + 1);
    if (echo && !plan_.quiet) std::fprintf(stderr, "%-9s | %s\n", plan_.name.c_str(), last_line_.c_str());
  }
}

}  // namespace ldt
