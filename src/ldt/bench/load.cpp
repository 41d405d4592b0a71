// The loop, and the life of a connection.
// Depends on epoll, timerfd and POSIX sockets.
#include "ldt/bench/load.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "base/check.h"

namespace ldt::bench {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::uint32_t kStopIndex = 0xFFFFFFFF;
constexpr std::uint32_t kTimerIndex = 0xFFFFFFFE;
constexpr int kRefused = 503;
constexpr std::size_t kBufferBytes = 256U << 10U;
constexpr milliseconds kHousekeeping{100};
constexpr seconds kProgressEvery{1};
constexpr seconds kConnectPatience{10};
constexpr seconds kDrainPatience{15};  // a request waits for its order for 10 s
constexpr std::chrono::minutes kUnmeasuredPatience{10};

class NoRequests final : public Work {
 public:
  std::string_view next(std::uint32_t&) override { return {}; }
  void answered(std::uint32_t, int, std::string_view, bool) override {}
  void lost() override {}
};

SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

/// A socket on its way to the address; none where it cannot even begin.
process::UniqueFd begin_connect(const addrinfo& at) {
  process::UniqueFd fd(::socket(at.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int yes = 1;
  if (fd) ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (fd && ::connect(fd.get(), at.ai_addr, at.ai_addrlen) != 0 && errno != EINPROGRESS) fd.reset();
  return fd;
}

int connect_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

}  // namespace

struct Load::Resolved {
  explicit Resolved(addrinfo* found) : list(found, &::freeaddrinfo) {}
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list;
};

Load::Load(Address address, process::Signals& stop)
    : address_(std::move(address)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
      buffer_(kBufferBytes) {
  CHECK(epoll_ && timer_);
  watch(stop.fd(), EPOLLIN, kStopIndex, EPOLL_CTL_ADD);
  watch(timer_.get(), EPOLLIN | EPOLLET, kTimerIndex, EPOLL_CTL_ADD);
}

Load::~Load() = default;

// Connections

Result<void> Load::connect(std::size_t connections) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(address_.host.c_str(), address_.port.c_str(), &hints, &found); error != 0) {
    return failure(ErrorKind::kUnavailable, "cannot reach http://" + address_.text() + ": " + ::gai_strerror(error));
  }
  resolved_ = std::make_unique<Resolved>(found);
  connections_.resize(connections + 1);
  for (std::uint32_t index = 0; index < connections_.size(); ++index) open(index);
  const auto count = [this](State state) {
    return std::count_if(connections_.begin(), connections_.end(), [state](auto& each) { return each.state == state; });
  };
  const auto deadline = steady_now() + kConnectPatience;
  next_housekeeping_ = deadline;
  while (count(State::kConnecting) > 0 && steady_now() < deadline && !measured_.interrupted) wait();
  if (count(State::kIdle) == static_cast<std::ptrdiff_t>(connections_.size())) return {};
  return failure(ErrorKind::kUnavailable, "only " + std::to_string(count(State::kIdle)) + " of " +
                                              std::to_string(connections_.size()) + " connections to http://" +
                                              address_.text() + " could be opened");
}

void Load::watch(int fd, std::uint32_t events, std::uint32_t index, int operation) const {
  epoll_event event{};
  event.events = events;
  event.data.u32 = index;
  CHECK(::epoll_ctl(epoll_.get(), operation, fd, &event) == 0);
}

void Load::open(std::uint32_t index) {
  Connection& connection = connections_[index];
  for (const addrinfo* at = resolved_->list.get(); at != nullptr && !connection.fd; at = at->ai_next) {
    connection.fd = begin_connect(*at);
  }
  if (!connection.fd) return;
  connection.state = State::kConnecting;
  watch(connection.fd.get(), EPOLLOUT, index, EPOLL_CTL_ADD);
}

void Load::opened(std::uint32_t index) {
  Connection& connection = connections_[index];
  if (connect_error(connection.fd.get()) != 0) return close(index);
  watch(connection.fd.get(), EPOLLIN, index, EPOLL_CTL_MOD);
  connection.state = State::kIdle;
  if (!is_for_questions(index)) idle_.push_back(index);
}

/// Opened anew by the housekeeping.
void Load::close(std::uint32_t index) {
  std::erase(idle_, index);
  connections_[index] = Connection();
}

// A run

Measured Load::run(Work& work, const Schedule& schedule, const Hooks& hooks) {
  prepare(work, schedule, hooks);
  loop();
  for (std::uint32_t index = 0; index < connections_.size(); ++index) {
    if (connections_[index].state == State::kWaiting) lose(index);
  }
  work_ = nullptr;
  return std::exchange(measured_, {});
}

void Load::prepare(Work& work, const Schedule& schedule, const Hooks& hooks) {
  work_ = &work;
  schedule_ = schedule;
  hooks_ = &hooks;
  measured_ = Measured();
  second_.clear();
  exhausted_ = begun_ = ended_ = false;
  scheduled_ = 0;
  now_ = start_ = last_progress_ = next_housekeeping_ = steady_now();
  timer_at_ = {};
  measure_from_ = start_ + schedule.warmup;
  measure_until_ = measure_from_ + schedule.duration;
}

void Load::loop() {
  pump();
  while (!done()) {
    arm_timer();
    wait();
    cross_bounds();
    pump();
    if (now_ >= next_housekeeping_) housekeeping();
  }
}

void Load::wait() {
  std::array<epoll_event, 512> events;
  const auto pause = duration_cast<milliseconds>(next_housekeeping_ - steady_now()) + milliseconds{1};
  const int timeout = static_cast<int>(std::clamp<std::int64_t>(pause.count(), 0, kHousekeeping.count()));
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout);
  now_ = steady_now();
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    handle(event.data.u32, event.events);
  }
}

void Load::handle(std::uint32_t index, std::uint32_t events) {
  if (index == kTimerIndex) return;  // all it does is end the wait
  if (index == kStopIndex) {
    measured_.interrupted = true;
    return;
  }
  if (connections_[index].state == State::kConnecting) return opened(index);
  if ((events & EPOLLOUT) != 0) send_rest(index);
  if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) receive(index);
}

/// Sends what is due on the connections that are free.
void Load::pump() {
  while (!idle_.empty() && due()) {
    std::uint32_t tag = 0;
    const std::string_view request = work_->next(tag);
    exhausted_ = request.empty();
    if (exhausted_) return;
    const std::uint32_t index = idle_.back();
    idle_.pop_back();
    Connection& connection = connections_[index];
    connection.tag = tag;
    connection.intended = schedule_.rate ? intended_start(scheduled_) : now_;
    connection.sent = now_;
    connection.state = State::kWaiting;
    ++scheduled_;
    ++waiting_;
    send(index, request);
  }
}

bool Load::due() const {
  if (exhausted_ || measured_.interrupted || work_ == nullptr) return false;
  if (schedule_.duration.count() == 0) return true;
  return now_ < measure_until_ && (!schedule_.rate || intended_start(scheduled_) <= now_);
}

/// In an open loop.
SteadyTime Load::intended_start(std::uint64_t request) const {
  return start_ + nanoseconds(static_cast<std::int64_t>(static_cast<double>(request) * 1e9 / *schedule_.rate));
}

void Load::arm_timer() {
  if (!schedule_.rate || idle_.empty()) return;
  const SteadyTime next = intended_start(scheduled_);
  if (next == timer_at_ || next >= measure_until_) return;
  timer_at_ = next;
  itimerspec spec{};
  const auto at = duration_cast<nanoseconds>(next.time_since_epoch()).count();
  spec.it_value.tv_sec = at / 1'000'000'000;
  spec.it_value.tv_nsec = at % 1'000'000'000;
  CHECK(::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr) == 0);
}

/// Tells when the measured time begins and ends.
void Load::cross_bounds() {
  if (schedule_.duration.count() == 0) return;
  if (!begun_ && now_ >= measure_from_) {
    begun_ = true;
    if (hooks_->begin) hooks_->begin();
  }
  if (!ended_ && (now_ >= measure_until_ || measured_.interrupted)) {
    ended_ = true;
    measured_.took = std::min(now_, measure_until_) - measure_from_;
    if (schedule_.rate) count_unsent();
    if (hooks_->end) hooks_->end();
  }
}

void Load::count_unsent() {
  const SteadyTime end = std::min(now_, measure_until_);
  for (std::uint64_t request = scheduled_; intended_start(request) < end; ++request) {
    if (intended_start(request) < measure_from_) continue;
    ++measured_.unsent;
    measured_.latency.record(end - intended_start(request));
  }
}

void Load::housekeeping() {
  next_housekeeping_ = now_ + kHousekeeping;
  for (std::uint32_t index = 0; index < connections_.size(); ++index) {
    if (connections_[index].state == State::kDown) open(index);
  }
  if (now_ - last_progress_ < kProgressEvery) return;
  const std::chrono::duration<double> took = now_ - last_progress_;
  if (hooks_->progress && !ended_) {
    hooks_->progress(now_ - start_, static_cast<double>(second_.count()) / took.count(), second_);
  }
  last_progress_ = now_;
  second_.clear();
}

bool Load::done() const {
  if (measured_.interrupted) return true;
  if (schedule_.duration.count() == 0) {
    const bool can_send = !exhausted_ && !idle_.empty();
    return (!can_send && waiting_ == 0 && !question_) || now_ >= start_ + kUnmeasuredPatience;
  }
  if (!ended_) return false;
  return (waiting_ == 0 && !question_) || now_ >= measure_until_ + kDrainPatience;
}

// An exchange

void Load::ask(const std::string& path, const std::string& headers, std::function<void(int, std::string_view)> done) {
  const auto index = static_cast<std::uint32_t>(connections_.size() - 1);
  Connection& connection = connections_[index];
  if (connection.state != State::kIdle) return done(0, {});
  question_ = std::move(done);
  connection.state = State::kWaiting;
  send(index, "GET " + path + " HTTP/1.1\r\nHost: " + address_.text() + "\r\n" + headers + "\r\n");
}

bool Load::await_answer() {
  NoRequests nothing;
  return !run(nothing, {}, {}).interrupted;
}

void Load::send(std::uint32_t index, std::string_view request) {
  Connection& connection = connections_[index];
  const ssize_t sent = ::send(connection.fd.get(), request.data(), request.size(), MSG_NOSIGNAL);
  if (sent == static_cast<ssize_t>(request.size())) return;
  if (sent < 0 && errno != EAGAIN) return lose(index);
  connection.unsent = request.substr(static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
  watch(connection.fd.get(), EPOLLIN | EPOLLOUT, index, EPOLL_CTL_MOD);
}

void Load::send_rest(std::uint32_t index) {
  watch(connections_[index].fd.get(), EPOLLIN, index, EPOLL_CTL_MOD);
  send(index, std::exchange(connections_[index].unsent, {}));
}

void Load::receive(std::uint32_t index) {
  Connection& connection = connections_[index];
  const ssize_t got = ::recv(connection.fd.get(), buffer_.data(), buffer_.size(), 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) return connection.state == State::kWaiting ? lose(index) : close(index);
  now_ = steady_now();
  const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(got));
  if (connection.received.empty()) return take(index, bytes);
  connection.received += bytes;
  take(index, std::exchange(connection.received, {}));
}

void Load::take(std::uint32_t index, std::string_view bytes) {
  Connection& connection = connections_[index];
  Response response;
  switch (scan_response(bytes, response)) {
    case Scan::kPartial:
      connection.received = bytes;
      return;
    case Scan::kBroken:
      return lose(index);
    case Scan::kWhole:
      // What nobody asked for is no HTTP either.
      return connection.state == State::kWaiting && response.size == bytes.size() ? answered(index, response)
                                                                                  : lose(index);
  }
}

void Load::answered(std::uint32_t index, const Response& response) {
  Connection& connection = connections_[index];
  connection.state = State::kIdle;
  if (is_for_questions(index)) return std::exchange(question_, nullptr)(response.status, response.body);
  --waiting_;
  idle_.push_back(index);
  const bool in_time = now_ >= measure_from_ && now_ < measure_until_;
  const bool measured = schedule_.rate ? connection.intended >= measure_from_ : in_time;
  const nanoseconds latency = now_ - connection.intended;
  if (in_time) {
    ++measured_.answers;
    (response.status == kRefused ? measured_.refused : measured_.served).record(now_ - connection.sent);
  }
  if (measured) measured_.latency.record(latency);
  second_.record(latency);
  work_->answered(connection.tag, response.status, response.body, measured);
  pump();
}

void Load::lose(std::uint32_t index) {
  const bool waited = connections_[index].state == State::kWaiting;
  close(index);
  if (!waited) return;
  if (is_for_questions(index)) {
    if (question_) std::exchange(question_, nullptr)(0, {});
    return;
  }
  --waiting_;
  if (!measured_.interrupted) work_->lost();
  if (schedule_.duration.count() == 0) exhausted_ = true;  // what prepares the load must not fail
}

}  // namespace ldt::bench
