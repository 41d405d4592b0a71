#include "chaos/faults.h"

#include <signal.h>

#include <algorithm>
#include <random>

namespace ldt::testing {
namespace {

constexpr double kShortestGap = 0.6, kLongestGap = 2.2;
constexpr double kShortestStop = 0.1, kLongestStop = 3;
constexpr double kShortestStall = 1, kLongestStall = 5;

void sleep_for(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

/// Of 100.
FaultKind kind_of(int number) {
  if (number < 58) return FaultKind::kKill;
  if (number < 76) return FaultKind::kStop;
  if (number < 82) return FaultKind::kKillAll;
  if (number < 86) return FaultKind::kKillSupervisor;
  if (number < 89) return FaultKind::kKillEverything;
  return FaultKind::kStall;
}

std::string word_for(FaultKind kind) {
  switch (kind) {
    case FaultKind::kKill:
      return "kill -9";
    case FaultKind::kStop:
      return "SIGSTOP";
    case FaultKind::kKillAll:
      return "kill -9 of all services at once";
    case FaultKind::kKillSupervisor:
      return "kill -9 of the supervisor";
    case FaultKind::kKillEverything:
      return "kill -9 of the supervisor and all services";
    case FaultKind::kStall:
      return "stalled clients";
  }
  return "";
}

}  // namespace

std::vector<Fault> make_schedule(std::uint64_t seed, double seconds, int kills) {
  std::mt19937_64 random(seed);
  const auto between = [&](double low, double high) {
    return low + (high - low) * static_cast<double>(random() >> 11) / static_cast<double>(1ULL << 53);
  };
  std::vector<Fault> schedule;
  for (double at = 1; at < seconds; at += between(kShortestGap, kLongestGap)) {
    Fault fault{.at = at, .kind = kind_of(static_cast<int>(random() % 100)), .service = kServices[random() % 4]};
    const bool stall = fault.kind == FaultKind::kStall;
    fault.seconds = stall ? between(kShortestStall, kLongestStall) : between(kShortestStop, kLongestStop);
    schedule.push_back(fault);
  }
  auto missing = kills - std::count_if(schedule.begin(), schedule.end(),
                                       [](const Fault& fault) { return fault.kind == FaultKind::kKill; });
  for (auto& fault : schedule) {
    if (missing <= 0) break;
    if (fault.kind != FaultKind::kStop && fault.kind != FaultKind::kStall) continue;
    fault.kind = FaultKind::kKill;
    --missing;
  }
  return schedule;
}

std::string describe(const Fault& fault) {
  std::string text = word_for(fault.kind);
  if (fault.kind == FaultKind::kKill || fault.kind == FaultKind::kStop) text += " " + fault.service;
  if (fault.kind == FaultKind::kStop || fault.kind == FaultKind::kStall)
    text += " for " + std::to_string(fault.seconds).substr(0, 4) + " s";
  return text;
}

Faults::Faults(Marketplace& market, Generator& generator, std::vector<Fault> schedule)
    : market_(market),
      generator_(generator),
      schedule_(std::move(schedule)),
      stalled_(market.address()),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Faults::run(const std::stop_token& stop) {
  const auto begin = SteadyClock::now();
  for (const auto& fault : schedule_) {
    const auto at = begin + std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(fault.at));
    while (SteadyClock::now() < at && !stop.stop_requested()) sleep_for(0.005);
    if (stop.stop_requested()) break;
    try {
      carry_out(fault);
    } catch (const std::exception& error) {
      const std::lock_guard lock(mutex_);
      trouble_ += describe(fault) + ": " + error.what() + "\n";
    }
    if (!market_.supervised()) break;  // it could not be started again: that is the finding
  }
  continuing_.clear();
  done_ = true;
  // A supervisor that was started here ends with the thread that started it.
  while (!stop.stop_requested()) sleep_for(0.01);
}

void Faults::carry_out(const Fault& fault) {
  {
    const std::lock_guard lock(mutex_);
    ++counts_[word_for(fault.kind)];
    news_ += (news_.empty() ? "" : ", ") + describe(fault);
  }
  switch (fault.kind) {
    case FaultKind::kKill:
      kill_now(fault.service);
      return over(describe(fault));
    case FaultKind::kStop:
      return stop_for_a_while(fault);
    case FaultKind::kKillAll:
      for (const auto& service : kServices) kill_now(service);
      return over(describe(fault));
    case FaultKind::kKillSupervisor:
      market_.kill_supervisor();
      ++killed_;
      return restart_supervisor();
    case FaultKind::kKillEverything:
      market_.kill_everything();
      killed_ += 1 + static_cast<int>(kServices.size());
      return restart_supervisor();
    case FaultKind::kStall:
      return stalled_.add(fault.seconds);
  }
}

void Faults::kill_now(const std::string& service) {
  kill(market_.pid_of(service), SIGKILL);
  ++killed_;
}

void Faults::stop_for_a_while(const Fault& fault) {
  const auto pid = market_.pid_of(fault.service);
  kill(pid, SIGSTOP);
  continuing_.emplace_back([this, pid, fault] {
    sleep_for(fault.seconds);
    kill(pid, SIGCONT);  // of no effect where it was killed meanwhile
    over(describe(fault));
  });
}

void Faults::restart_supervisor() {
  over("the supervisor's death");
  market_.start();
}

void Faults::over(const std::string& what) {
  generator_.expect_recovery(what);
  const std::lock_guard lock(mutex_);
  last_over_ = SteadyClock::now();
}

SteadyClock::time_point Faults::finish() {
  while (!done_) sleep_for(0.01);
  stalled_.end();
  const std::lock_guard lock(mutex_);
  return last_over_;
}

std::string Faults::take_news() {
  const std::lock_guard lock(mutex_);
  return std::exchange(news_, {});
}

std::map<std::string, int> Faults::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

std::string Faults::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

}  // namespace ldt::testing
