#include "ldt/processes/supervisor.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <functional>
#include <map>

#include "base/exit_codes.h"
#include "ldt/exit_codes.h"
#include "ldt/output/terminal.h"

namespace ldt {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kProbeEvery{20};
constexpr seconds kSilentFor{2};  // a start that takes longer says what it waits for, ...
constexpr seconds kProgressEvery{5};
constexpr seconds kGoneWithin{5};  // after SIGKILL
constexpr seconds kIdle{3600};

/// A service that says so will say so again: its data or its address cannot be used, or it does not know its flags.
/// What others' programs mean by their codes, nobody knows here.
bool cannot_start(const Service& service, const process::Ended& ended) {
  return service.needed() && !service.is_quiet() && !ended.by_signal &&
         (ended.code == kBadCommandLineExitCode || ended.code == kDataUnusableExitCode ||
          ended.code == kCannotListenExitCode);
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

}  // namespace

Supervisor::Supervisor(const DataFolder& data, std::vector<ServicePlan> plans, Marketplace& marketplace,
                       std::function<void(milliseconds)> on_ready)
    : signals_({SIGCHLD, SIGTERM, SIGINT, SIGHUP}), marketplace_(marketplace), on_ready_(std::move(on_ready)) {
  services_.reserve(plans.size());
  for (auto& plan : plans) services_.emplace_back(std::move(plan), data);
}

int Supervisor::run() {
  started_at_ = clock_.steady();
  probe_at_ = started_at_;
  progress_at_ = started_at_ + kSilentFor;
  if (start_allowed()) {
    while (phase_ != Phase::kStopping) look_after();
  }
  stop_all();
  return exit_code_;
}

void Supervisor::look_after() {
  wait_for_events(next_event());
  if (phase_ != Phase::kStopping) notice_ends();
  if (phase_ != Phase::kStopping) restart_due();
  if (phase_ == Phase::kStarting && start_allowed()) probe_due();
}

bool Supervisor::start_allowed() {
  const Tier limit = highest_allowed();
  for (auto& service : services_) {
    if (service.tier() > limit || (started_ && service.tier() <= *started_)) continue;
    const auto started = service.start(clock_.steady());
    if (started) continue;
    if (!service.needed()) {
      try_again(service, started.error().detail);
      continue;
    }
    give_up(started.error().detail);
    return false;
  }
  started_ = limit;
  return true;
}

Tier Supervisor::highest_allowed() const {
  const Service* task = next_task();
  return task == nullptr ? Tier::kOrder : task->tier();
}

const Service* Supervisor::next_task() const {
  const Service* next = nullptr;
  for (const auto& service : services_) {
    if (service.is_task() && !service.done() && (next == nullptr || service.tier() < next->tier())) next = &service;
  }
  return next;
}

void Supervisor::wait_for_events(SteadyTime until) {
  std::vector<pollfd> descriptors{{signals_.fd(), POLLIN, 0}};
  for (const auto& service : services_) descriptors.push_back({service.output(), POLLIN, 0});
  const auto pause = duration_cast<milliseconds>(until - clock_.steady()) + milliseconds{1};
  const auto timeout = std::clamp<std::int64_t>(pause.count(), 0, milliseconds(kIdle).count());
  ::poll(descriptors.data(), descriptors.size(), static_cast<int>(timeout));

  for (auto& service : services_) service.relay_output(!background_);
  for (const int number : signals_.take()) {
    if (number == SIGCHLD) continue;
    if (phase_ == Phase::kStopping) hurry_ = true;
    phase_ = Phase::kStopping;
  }
}

void Supervisor::notice_ends() {
  for (auto& service : services_) {
    const auto ended = service.reap();
    if (!ended) continue;
    service.relay_output(!background_);
    notice_end(service, *ended);
    if (phase_ == Phase::kStopping) return;
  }
}

void Supervisor::notice_end(Service& service, const process::Ended& ended) {
  if (service.done()) return;
  if (phase_ == Phase::kStarting && cannot_start(service, ended)) {
    const std::string why = service.last_line().empty() ? "" : ": " + service.last_line();
    give_up(service.name() + " cannot start (exit code " + std::to_string(ended.code) + ")" + why);
    return;
  }
  const auto pause = service.plan_restart(ended, clock_.steady());
  if (!ended.by_signal && ended.code == kStruckExitCode) {
    report(service.name() + " was struck by a failure instruction; restarting");
  } else {
    const std::string said = service.is_quiet() && !service.last_line().empty() ? " (" + service.last_line() + ")" : "";
    report(service.name() + " " + process::describe(ended) + said + "; restarting in " + std::to_string(pause.count()) +
           " ms");
  }
}

void Supervisor::restart_due() {
  for (auto& service : services_) {
    const auto now = clock_.steady();
    if (service.runs() || !service.restart_at() || *service.restart_at() > now) continue;
    if (const auto started = service.start(now); !started) try_again(service, started.error().detail);
  }
}

void Supervisor::try_again(Service& service, const std::string& why) {
  const auto pause = service.plan_restart({false, 1}, clock_.steady());
  report(why + "; trying again in " + std::to_string(pause.count()) + " ms");
}

void Supervisor::probe_due() {
  const auto now = clock_.steady();
  if (now < probe_at_) return;
  if (next_task() == nullptr && marketplace_.become_ready()) {
    phase_ = Phase::kReady;
    on_ready_(duration_cast<milliseconds>(clock_.steady() - started_at_));
    return;
  }
  if (now - started_at_ > ready_within_) {
    give_up("the marketplace did not become ready within " + std::to_string(ready_within_.count()) +
            " s; it waited for " + waits_for());
    return;
  }
  say_progress(now);
  probe_at_ = clock_.steady() + kProbeEvery;
}

void Supervisor::say_progress(SteadyTime now) {
  if (now < progress_at_) return;
  const auto waited = duration_cast<seconds>(now - started_at_).count();
  report("waiting for " + waits_for() + " (" + std::to_string(waited) + " s)");
  progress_at_ = now + kProgressEvery;
}

void Supervisor::give_up(const std::string& why) {
  report(why);
  exit_code_ = kExitCannot;
  phase_ = Phase::kStopping;
}

std::string Supervisor::waits_for() const {
  const Service* task = next_task();
  if (task == nullptr) return marketplace_.waits_for();
  return task->name() + (task->last_line().empty() ? "" : ": " + task->last_line());
}

void Supervisor::stop_all() {
  phase_ = Phase::kStopping;
  std::map<Tier, std::vector<Service*>, std::greater<>> tiers;
  for (auto& service : services_) tiers[service.tier()].push_back(&service);
  for (const auto& [tier, services] : tiers) stop(services);
}

void Supervisor::stop(const std::vector<Service*>& services) {
  for (const auto* service : services) service->signal(SIGTERM);
  seconds patience{};
  for (const auto* service : services) patience = std::max(patience, service->stop_within());
  const auto deadline = clock_.steady() + patience;
  bool killed = false;
  while (std::any_of(services.begin(), services.end(), [](const auto* service) { return service->runs(); })) {
    if (!killed && (hurry_ || clock_.steady() >= deadline)) {
      for (const auto* service : services) {
        if (service->runs()) report(service->name() + " does not stop; killing it");
        service->signal(SIGKILL);
      }
      killed = true;
    }
    wait_for_events(killed ? clock_.steady() + kGoneWithin : deadline);
    for (auto& service : services_) std::ignore = service.reap();
  }
  for (auto* service : services) service->relay_output(!background_);
}

SteadyTime Supervisor::next_event() const {
  SteadyTime next = clock_.steady() + kIdle;
  for (const auto& service : services_) {
    if (service.restart_at()) next = std::min(next, *service.restart_at());
  }
  return phase_ == Phase::kStarting ? std::min(next, probe_at_) : next;
}

void Supervisor::report(const std::string& text) const { complain(background_ ? utc_now() + " " + text : text); }

}  // namespace ldt
