#include "chaos/generator.h"

#include <algorithm>
#include <utility>

namespace ldt::testing {
namespace {

using std::chrono::milliseconds;

// So many that those whose orders wait for a service that is down leave some for others.
constexpr std::size_t kConnections = 2'000;
constexpr std::size_t kMostWaiting = 20'000;  // orders that arrived and found no connection; more are turned away
constexpr milliseconds kAskAgainAfter{50};    // doubled with each try, up to:
constexpr milliseconds kMostPause{2'000};
constexpr milliseconds kLookAfter{1'000};
constexpr std::uint32_t kReplayEvery = 97, kLookEvery = 53;  // of the orders that were acknowledged

double milliseconds_between(SteadyClock::time_point from, SteadyClock::time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

}  // namespace

Generator::Generator(const std::string& host_and_port, Traffic& traffic)
    : traffic_(traffic),
      wire_(host_and_port, kConnections, [this](auto ticket, const auto& answer) { concluded(ticket, answer); }),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Generator::~Generator() = default;

void Generator::run_closed(int orders_at_a_time) {
  rate_ = 0;
  at_a_time_ = orders_at_a_time;
}

void Generator::run_open(int rate) {
  at_a_time_ = 0;
  rate_ = rate;
}

void Generator::pause() { rate_ = at_a_time_ = 0; }

std::size_t Generator::finish(SteadyClock::time_point deadline) {
  pause();
  while (unacknowledged_ > 0 && SteadyClock::now() < deadline) std::this_thread::sleep_for(milliseconds(20));
  thread_.request_stop();
  thread_.join();
  return unacknowledged_;
}

void Generator::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto now = SteadyClock::now();
    let_arrive(now);
    for (; !later_.empty() && later_.top().when <= now; later_.pop()) ready_.push_back(later_.top());
    begin_tasks(now);
    waiting_ = ready_.size();
    wire_.poll(now + milliseconds(1));
  }
}

void Generator::new_order(SteadyClock::time_point due) {
  ++unacknowledged_;
  ready_.push_back({traffic_.add(), Kind::kPlace, due, due});
}

void Generator::let_arrive(SteadyClock::time_point now) {
  const int at_a_time = at_a_time_;
  const int rate = rate_;
  while (static_cast<int>(unacknowledged_) < at_a_time) new_order(now);
  if (rate != arriving_at_) {
    next_arrival_ = now;
    if (rate > 0) traffic_.carry_failures(rate);
  }
  arriving_at_ = rate;
  const auto gap = std::chrono::nanoseconds(rate == 0 ? 0 : 1'000'000'000 / rate);
  for (; rate > 0 && next_arrival_ <= now; next_arrival_ += gap) {
    if (ready_.size() < kMostWaiting) {
      new_order(next_arrival_);
    } else {
      ++turned_away_;
    }
  }
}

void Generator::begin_tasks(SteadyClock::time_point now) {
  while (!ready_.empty()) {
    const Task task = ready_.front();
    if (free_tickets_.empty()) {
      free_tickets_.push_back(begun_.size());
      begun_.emplace_back();
    }
    const auto ticket = free_tickets_.back();
    const auto request = task.kind == Kind::kLook ? traffic_.look(task.order) : traffic_.request(task.order);
    begun_[ticket] = {task, now};
    if (!wire_.send(request, ticket)) return;
    free_tickets_.pop_back();
    ready_.pop_front();
  }
}

void Generator::concluded(std::uint64_t ticket, const WireAnswer& answer) {
  const Begun begun = begun_[ticket];
  free_tickets_.push_back(ticket);
  const Task& task = begun.task;
  const std::string name = "order-" + std::to_string(task.order);
  if (task.kind == Kind::kPlace) return placed(begun, answer);
  if (answer.status == 200 || answer.status == 201 || answer.status == 202) {
    traffic_.note(task.order, answer.body);
  } else if (answer.status == 404) {
    traffic_.object(name + " was acknowledged and is not found: " + traffic_.known(task.order).id);
  } else if (answer.status != 0 && answer.status < 500) {
    traffic_.object(name + " was asked for again: " + std::to_string(answer.status) + " " + std::string(answer.body));
  }
}

void Generator::placed(const Begun& begun, const WireAnswer& answer) {
  const auto& task = begun.task;
  if (answer.status == 201 || answer.status == 202) {
    if (traffic_.note(task.order, answer.body)) acknowledge(begun, answer.status);
    return;
  }
  // 409: the first request under the key is still being accepted. 4xx otherwise: a client would give up.
  if (answer.status >= 400 && answer.status < 500 && answer.status != 409 && answer.status != 429) {
    traffic_.object("order-" + std::to_string(task.order) + ": " + std::to_string(answer.status) + " " +
                    std::string(answer.body));
    --unacknowledged_;
    return;
  }
  ++retried_;
  note_failure(answer);
  Task next = task;
  const auto pause = std::min(kAskAgainAfter * (1 << std::min(next.tries++, 10)), kMostPause);
  again(next, pause);
}

void Generator::note_failure(const WireAnswer& answer) {
  const std::string what = answer.status == 0 ? "no answer" : std::to_string(answer.status);
  const std::string title(text_member(answer.body, "title"));
  const std::lock_guard lock(mutex_);
  ++failures_[title.empty() ? what : what + " " + title];
}

std::string Generator::take_failures() {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const auto& [what, count] : std::exchange(failures_, {})) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " x " + what;
  }
  return text;
}

void Generator::acknowledge(const Begun& begun, int status) {
  const auto now = SteadyClock::now();
  const auto& task = begun.task;
  ++acknowledged_;
  --unacknowledged_;
  if (status == 201) ++ended_;
  {
    const std::lock_guard lock(mutex_);
    latencies_.push_back(static_cast<float>(milliseconds_between(task.due, now)));
  }
  if (recovering_ && traffic_.known(task.order).told == Final::kCompleted) note_recovery(begun.at, now);
  if (task.order % kReplayEvery == 0) again({task.order, Kind::kReplay}, kLookAfter);
  if (task.order % kLookEvery == 0) again({task.order, Kind::kLook}, kLookAfter);
}

void Generator::again(Task task, milliseconds after) {
  task.when = SteadyClock::now() + after;
  later_.push(task);
}

void Generator::note_recovery(SteadyClock::time_point begun, SteadyClock::time_point now) {
  const std::lock_guard lock(mutex_);
  bool left = false;
  for (auto& recovery : recoveries_) {
    if (recovery.seconds >= 0) continue;
    if (begun < recovery.since) {
      left = true;
    } else {
      recovery.seconds = milliseconds_between(recovery.since, now) / 1000;
    }
  }
  recovering_ = left;
}

void Generator::expect_recovery(const std::string& what) {
  const std::lock_guard lock(mutex_);
  recoveries_.push_back({what, SteadyClock::now()});
  recovering_ = true;
}

std::vector<Recovery> Generator::recoveries() const {
  const std::lock_guard lock(mutex_);
  return recoveries_;
}

Percentiles Generator::take_latencies() {
  std::vector<float> sorted;
  {
    const std::lock_guard lock(mutex_);
    sorted.swap(latencies_);
  }
  if (sorted.empty()) return {};
  std::sort(sorted.begin(), sorted.end());
  const auto at = [&](double share) {
    return static_cast<double>(sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))]);
  };
  return {at(0.5), at(0.95), at(0.99), at(1)};
}

}  // namespace ldt::testing
