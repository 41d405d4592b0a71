// The load generator: many connections, one request at a time on each, one thread.
// Sockets and epoll without a library between: it shares the processors with what it measures.
//   closed loop: each connection sends its next request as soon as its last one is answered
//   open loop:   requests begin at a fixed rate whatever the server does; one that finds no free connection waits, and
//                its latency counts from when it should have begun (no coordinated omission)
// Invariant: every request that was sent ends as one answer or one loss, told to its Work.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ldt/bench/histogram.h"
#include "ldt/bench/response.h"
#include "ldt/client/address.h"
#include "platform/process/signals.h"
#include "platform/process/unique_fd.h"

namespace ldt::bench {

/// What to send, and what to make of the answers.
class Work {
 public:
  Work() = default;
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;
  virtual ~Work() = default;
  /// The next request, as bytes that are valid until the next call; empty: there are no more.
  /// @param tag  comes back with the answer
  [[nodiscard]] virtual std::string_view next(std::uint32_t& tag) = 0;
  /// @param measured  false: before or after the time that counts
  virtual void answered(std::uint32_t tag, int status, std::string_view body, bool measured) = 0;
  /// The connection ended before the answer came, or it came too late or was no HTTP.
  virtual void lost() = 0;
};

struct Schedule {
  std::chrono::nanoseconds warmup{};
  std::chrono::nanoseconds duration{};  // zero: until the work has no more requests (for minutes at most), unmeasured
  std::optional<double> rate;           // requests a second: open loop
};

struct Measured {
  Histogram latency;
  Histogram served;           // from when it was sent, of those that came within the measured time and were not refused
  Histogram refused;          // and of those that were refused for overload: 503
  std::uint64_t answers = 0;  // that came within the measured time, refusals among them
  /// Open loop: those due that found no free connection until the end. They are in `latency`, too, with the time until
  /// then: that is the least that theirs would have been.
  std::uint64_t unsent = 0;
  std::chrono::nanoseconds took{};
  bool interrupted = false;
};

/// Called in the loop; none may block.
struct Hooks {
  /// About once a second: what came since the last time.
  std::function<void(std::chrono::nanoseconds elapsed, double per_second, const Histogram& latency)> progress;
  std::function<void()> begin;  // the measured time begins
  std::function<void()> end;    // and ends
};

class Load {
 public:
  /// @param stop  a signal there ends every run; it is left there
  Load(Address address, process::Signals& stop);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  /// Opens so many connections, and one for `ask`.
  [[nodiscard]] Result<void> connect(std::size_t connections);
  [[nodiscard]] Measured run(Work& work, const Schedule& schedule, const Hooks& hooks);
  /// A GET beside the load, one at a time; within a run, which waits for its end, or before await_answer().
  /// @param headers  more of them, each with its end of line
  /// @param done  gets the answer, status 0 where there is none
  void ask(const std::string& path, const std::string& headers,
           std::function<void(int status, std::string_view body)> done);
  /// Returns once what was asked is answered, false where a signal came first.
  [[nodiscard]] bool await_answer();

 private:
  enum class State { kDown, kConnecting, kIdle, kWaiting };
  struct Connection {
    process::UniqueFd fd;
    State state = State::kDown;
    std::uint32_t tag = 0;
    SteadyTime intended{};
    SteadyTime sent{};
    std::string unsent;    // of the request
    std::string received;  // of an answer that came in parts
  };

  // connections
  void watch(int fd, std::uint32_t events, std::uint32_t index, int operation) const;
  void open(std::uint32_t index);
  void opened(std::uint32_t index);
  void close(std::uint32_t index);
  [[nodiscard]] bool is_for_questions(std::uint32_t index) const { return index + 1 == connections_.size(); }

  // a run
  void prepare(Work& work, const Schedule& schedule, const Hooks& hooks);
  void loop();
  void wait();
  void handle(std::uint32_t index, std::uint32_t events);
  void pump();
  [[nodiscard]] bool due() const;
  [[nodiscard]] SteadyTime intended_start(std::uint64_t request) const;
  void arm_timer();
  void cross_bounds();
  void count_unsent();
  void housekeeping();
  [[nodiscard]] bool done() const;

  // an exchange
  void send(std::uint32_t index, std::string_view request);
  void send_rest(std::uint32_t index);
  void receive(std::uint32_t index);
  void take(std::uint32_t index, std::string_view bytes);
  void answered(std::uint32_t index, const Response& response);
  void lose(std::uint32_t index);

  struct Resolved;
  const Address address_;
  std::unique_ptr<Resolved> resolved_;
  process::UniqueFd epoll_;
  process::UniqueFd timer_;
  std::vector<Connection> connections_;  // the last one is for questions
  std::vector<char> buffer_;

  // of one run
  Work* work_ = nullptr;
  Schedule schedule_;
  const Hooks* hooks_ = nullptr;
  Measured measured_;
  std::vector<std::uint32_t> idle_;
  std::size_t waiting_ = 0;
  bool exhausted_ = false;  // the work has no more requests
  bool begun_ = false;
  bool ended_ = false;
  std::uint64_t scheduled_ = 0;  // open loop: requests begun
  SteadyTime start_{};
  SteadyTime measure_from_{};
  SteadyTime measure_until_{};
  SteadyTime now_{};
  SteadyTime next_housekeeping_{};
  SteadyTime last_progress_{};
  SteadyTime timer_at_{};
  Histogram second_;  // since the last progress
  std::function<void(int, std::string_view)> question_;
};

}  // namespace ldt::bench
