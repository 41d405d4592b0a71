// Forks workers, hears from them over pipes, and replaces those that end.
#include "simulation/workers.h"

#include <malloc.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <vector>

#include "simulation/disk.h"
#include "simulation/simulation.h"

namespace ldt::simulation {

namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::uint64_t kTwiceEvery = 50;  // seeds
constexpr std::uint64_t kTellEvery = 20;   // seeds
constexpr std::uint64_t kMostFailures = 10;
constexpr std::chrono::seconds kLongestRun{60};

void write_all(int fd, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const auto written = ::write(fd, text.data() + done, text.size() - done);
    if (written < 0) ::_exit(1);  // nobody listens any more
    done += static_cast<std::size_t>(written);
  }
}

/// Tells what has come together since the last time, and forgets it.
void tell(int fd, Summary& summary) {
  std::string text = "P " + std::to_string(summary.passed) + " " + std::to_string(summary.events) + " " +
                     std::to_string(summary.orders) + "\n";
  for (const auto& [what, count] : summary.tally.counts()) text += "C " + std::to_string(count) + " " + what + "\n";
  for (const auto& [what, most] : summary.tally.mosts()) text += "M " + std::to_string(most) + " " + what + "\n";
  write_all(fd, text);
  summary = {};
}

[[noreturn]] void work(int fd, std::uint64_t first, std::uint64_t end, std::uint64_t stride,
                       volatile std::uint64_t* current) {
  {
    const WorkingFolder folder;
    Summary summary;
    std::uint64_t untold = 0;
    for (std::uint64_t seed = first; seed < end; seed += stride) {
      *current = seed;
      auto wrong = check_seed(seed, summary);
      std::replace(wrong.begin(), wrong.end(), '\n', ' ');
      if (!wrong.empty()) write_all(fd, "F " + std::to_string(seed) + " " + wrong + "\n");
      if (++untold % kTellEvery == 0 || !wrong.empty()) tell(fd, summary);
    }
    tell(fd, summary);
  }
  ::_exit(0);
}

struct Worker {
  pid_t pid = -1;
  int fd = -1;
  std::string unread;
  volatile std::uint64_t* current = nullptr;
  std::uint64_t last_seen = 0;
  SteadyClock::time_point since;
};

class Pool {
 public:
  Pool(const Seeds& seeds, const std::function<void(std::uint64_t, const std::string&)>& on_failure)
      : end_(seeds.first + seeds.count), workers_(seeds.jobs), on_failure_(on_failure) {
    const std::size_t bytes = workers_.size() * sizeof(std::uint64_t);
    void* shared = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) throw std::runtime_error("no shared memory");
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      workers_[i].current = static_cast<std::uint64_t*>(shared) + i;
      start(workers_[i], seeds.first + i);
    }
  }

  ~Pool() {
    for (auto& worker : workers_) {
      if (worker.pid > 0) ::kill(worker.pid, SIGTERM);
    }
    for (auto& worker : workers_) reap(worker);
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// Waits a while for news; false: there will be none.
  bool hear() {
    std::vector<pollfd> polled;
    for (const auto& worker : workers_) polled.push_back({worker.fd, POLLIN, 0});
    if (std::all_of(workers_.begin(), workers_.end(), [](const Worker& worker) { return worker.fd < 0; })) return false;
    ::poll(polled.data(), polled.size(), 500);
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      if ((polled[i].revents & (POLLIN | POLLHUP)) != 0) read(workers_[i]);
      if (workers_[i].fd >= 0) watch(workers_[i]);
    }
    return summary_.failed < kMostFailures;
  }

  [[nodiscard]] Summary& summary() { return summary_; }

 private:
  void start(Worker& worker, std::uint64_t first) {
    if (first >= end_) return;
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) throw std::runtime_error("no pipe");
    std::fflush(nullptr);
    worker.pid = ::fork();
    if (worker.pid < 0) throw std::runtime_error("cannot fork");
    if (worker.pid == 0) {
      ::close(ends[0]);
      std::signal(SIGTERM, SIG_DFL);
      work(ends[1], first, end_, workers_.size(), worker.current);
    }
    ::close(ends[1]);
    worker.fd = ends[0];
    worker.unread.clear();
    worker.since = SteadyClock::now();
  }

  int reap(Worker& worker) {
    int status = 0;
    if (worker.pid > 0) ::waitpid(worker.pid, &status, 0);
    worker.pid = -1;
    if (worker.fd >= 0) ::close(worker.fd);
    worker.fd = -1;
    return status;
  }

  void read(Worker& worker) {
    std::array<char, 65'536> buffer{};
    const auto got = ::read(worker.fd, buffer.data(), buffer.size());
    if (got <= 0) return ended(worker);
    worker.unread.append(buffer.data(), static_cast<std::size_t>(got));
    for (auto end = worker.unread.find('\n'); end != std::string::npos; end = worker.unread.find('\n')) {
      take(worker.unread.substr(0, end));
      worker.unread.erase(0, end + 1);
    }
  }

  void take(const std::string& line) {
    char* rest = nullptr;
    const auto number = std::strtoull(line.c_str() + 2, &rest, 10);
    switch (line[0]) {
      case 'P':
        summary_.passed += number;
        summary_.events += std::strtoull(rest, &rest, 10);
        summary_.orders += std::strtoull(rest, &rest, 10);
        break;
      case 'C':
        summary_.tally.count(rest + 1, static_cast<std::int64_t>(number));
        break;
      case 'M':
        summary_.tally.most(rest + 1, static_cast<std::int64_t>(number));
        break;
      default:
        fail(number, rest + 1);
    }
  }

  void fail(std::uint64_t seed, const std::string& what) {
    ++summary_.failed;
    on_failure_(seed, what);
  }

  /// One that ended badly takes its seed with it; another goes on behind it.
  void ended(Worker& worker) {
    const int status = reap(worker);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
    const std::string how = WIFSIGNALED(status)
                                ? std::string("the process was ended by a signal: ") + ::strsignal(WTERMSIG(status))
                                : "the process ended with exit code " + std::to_string(WEXITSTATUS(status));
    const std::uint64_t seed = *worker.current;
    fail(seed, how);
    start(worker, seed + workers_.size());
  }

  void watch(Worker& worker) {
    const auto now = SteadyClock::now();
    if (*worker.current != worker.last_seen) {
      worker.last_seen = *worker.current;
      worker.since = now;
    }
    if (now - worker.since < kLongestRun) return;
    ::kill(worker.pid, SIGKILL);  // it hangs; what remains is heard in ended()
    worker.since = now;
  }

  const std::uint64_t end_;
  std::vector<Worker> workers_;
  const std::function<void(std::uint64_t, const std::string&)>& on_failure_;
  Summary summary_;
};

}  // namespace

std::string check_seed(std::uint64_t seed, Summary& summary) {
  const auto result = run_seed(seed, false, summary.tally);
  summary.events += result.events;
  summary.orders += result.orders;
  if (!result.passed) return result.violation;
  if (seed % kTwiceEvery == 0) {
    Tally ignored;
    if (run_seed(seed, false, ignored).hash != result.hash) return "determinism: a second run went another way";
    summary.tally.count("runs: repeated, event by event the same");
  }
  ++summary.passed;
  return {};
}

Summary run_seeds(const Seeds& seeds, const std::function<void(std::uint64_t, const std::string&)>& on_failure,
                  const std::function<void(const Summary&)>& on_progress) {
  // Memory that one run gives back, the next one needs.
  ::mallopt(M_TRIM_THRESHOLD, 256 << 20);
  ::mallopt(M_MMAP_THRESHOLD, 64 << 20);
  Pool pool(seeds, on_failure);
  auto told = SteadyClock::now();
  while (pool.hear()) {
    if (SteadyClock::now() - told < std::chrono::milliseconds(1500)) continue;
    told = SteadyClock::now();
    on_progress(pool.summary());
  }
  return std::move(pool.summary());
}

WorkingFolder::WorkingFolder() : before_(std::filesystem::current_path()) {
  std::string name = std::filesystem::temp_directory_path() / "ldt-simulation-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder " + name);
  path_ = name;
  std::filesystem::current_path(path_);
}

WorkingFolder::~WorkingFolder() {
  std::error_code ignored;
  std::filesystem::current_path(before_, ignored);
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace ldt::simulation
