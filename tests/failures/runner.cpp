#include "failures/runner.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <thread>

#include "support/eventually.h"

namespace ldt::testing {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kSayEvery{2};
constexpr std::chrono::seconds kTimeForReruns{120};  // each of two times
constexpr std::chrono::seconds kTimeForAudit{60};
constexpr std::size_t kRerunsAtATime = 8;
// Each participant is let die once in 0.1 s: more orders at a time only wait longer.
constexpr std::size_t kCrashingAtATime = 24;
constexpr std::size_t kWaitingAtATime = 48;
constexpr std::size_t kOrderCrashesAtATime = 64;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

void say(const std::string& what) {
  std::fprintf(stderr, "  %s\n", what.c_str());
  std::fflush(stderr);
}

/// The participant that an order ends most often.
std::size_t most_crashed(const Trial& trial) {
  return static_cast<std::size_t>(std::max_element(trial.crashes.begin(), trial.crashes.end()) - trial.crashes.begin());
}

/// Payment, inventory, delivery, payment, ...: the three are started again beside each other. A shorter queue is spread
/// over the whole length.
std::vector<std::size_t> taking_turns(const Plan& plan, const std::vector<std::size_t>& positions) {
  std::array<std::vector<std::size_t>, 3> queues;
  for (const auto position : positions) queues[most_crashed(plan.trials[position])].push_back(position);
  const auto length = std::max({queues[0].size(), queues[1].size(), queues[2].size()});
  std::vector<std::size_t> mixed;
  for (std::size_t i = 0; i < length; ++i) {
    for (const auto& queue : queues) {
      for (auto k = i * queue.size() / length; k < (i + 1) * queue.size() / length; ++k) mixed.push_back(queue[k]);
    }
  }
  return mixed;
}

int timeouts_of(const Trial& trial) {
  int sum = 0;
  for (std::size_t i = 0; i < trial.request.failures.size(); ++i)
    sum += trial.request.failures[i].kind == "TIMEOUT" ? trial.foretold.struck[i] : 0;
  return sum;
}

}  // namespace

Runner::Runner(const Plan& plan, RunnerOptions options) : plan_(plan), options_(options) {
  outcome_.verdicts.resize(plan.trials.size());
  open_lanes(calm_, std::max(static_cast<std::size_t>(options.parallel), kOrderCrashesAtATime));
  open_lanes(crashing_, std::max(kCrashingAtATime, kWaitingAtATime));
}

void Runner::open_lanes(Track& track, std::size_t count) const {
  for (std::size_t i = 0; i < count; ++i) track.lanes.push_back(make_lane(track.market, "lane-" + std::to_string(i)));
}

Outcome Runner::run() {
  const auto begin = Clock::now();
  {
    const std::jthread beside([this] { run_crashing(); });
    run_calm();
  }
  outcome_.reruns = static_cast<int>(excusable(false).size());
  rerun(excusable(true), kRerunsAtATime, options_.calm_step_timeout_ms);
  const auto again = excusable(false);
  outcome_.lone_reruns = static_cast<int>(again.size());
  rerun(again, 1, options_.patient_step_timeout_ms);
  audit(calm_);
  audit(crashing_);
  outcome_.audited = true;
  outcome_.seconds = seconds_since(begin);
  return outcome_;
}

void Runner::run_calm() {
  run_phase(calm_, "harmless", of_company(Company::kAny, false), static_cast<std::size_t>(options_.parallel));
  run_phase(calm_, "order dies, alone", of_company(Company::kOrder, true), 1);
  // Each death makes the others begin anew, so those that take equally long go together.
  auto pairs = of_company(Company::kOrder, false);
  std::stable_sort(pairs.begin(), pairs.end(), [&](std::size_t a, std::size_t b) {
    return timeouts_of(plan_.trials[a]) < timeouts_of(plan_.trials[b]);
  });
  run_waves(calm_, "order dies", pairs, kOrderCrashesAtATime);
}

void Runner::run_crashing() {
  run_phase(crashing_, "participants die", taking_turns(plan_, of_company(Company::kCrashing, false)),
            kCrashingAtATime);
  run_waves(crashing_, "participants die, others wait", taking_turns(plan_, of_company(Company::kWaiting, false)),
            kWaitingAtATime);
}

/// `alone`: of those that end the order service, the ones of a single instruction, or else the pairs.
Runner::Positions Runner::of_company(Company company, bool alone) const {
  Positions positions;
  for (std::size_t i = 0; i < plan_.trials.size(); ++i) {
    const auto& trial = plan_.trials[i];
    if (trial.company != company) continue;
    if (company == Company::kOrder && alone != (trial.second < 0)) continue;
    positions.push_back(i);
  }
  return positions;
}

void Runner::run_phase(Track& track, const std::string& name, const Positions& positions, std::size_t parallel) {
  if (positions.empty()) return;
  const auto begin = Clock::now();
  track.done = 0;
  std::jthread herald([&](const std::stop_token& stop) {
    auto next = Clock::now() + kSayEvery;
    while (!stop.stop_requested()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      if (Clock::now() < next) continue;
      next += kSayEvery;
      say(name + ": " + std::to_string(track.done) + " of " + std::to_string(positions.size()) + ", " +
          std::to_string(differing_) + " in all to be tried again");
    }
  });
  try_all(track, positions, parallel);
  herald.request_stop();
  herald.join();
  char line[160];
  std::snprintf(line, sizeof line, "%s: %zu orders in %.1f s", name.c_str(), positions.size(), seconds_since(begin));
  say(line);
}

/// Those of a wave are begun together, and the next wave when all have ended: then there is a time of silence.
void Runner::run_waves(Track& track, const std::string& name, const Positions& positions, std::size_t size) {
  for (std::size_t at = 0; at < positions.size(); at += size) {
    const auto until = std::min(positions.size(), at + size);
    const Positions wave(positions.begin() + static_cast<std::ptrdiff_t>(at),
                         positions.begin() + static_cast<std::ptrdiff_t>(until));
    run_phase(track, name + ", up to " + std::to_string(until) + " of " + std::to_string(positions.size()), wave, size);
  }
}

void Runner::try_all(Track& track, const Positions& positions, std::size_t parallel) {
  std::atomic<std::size_t> next{0};
  std::vector<std::jthread> workers;
  const auto count = std::min({parallel, positions.size(), track.lanes.size()});
  for (std::size_t worker = 0; worker < count; ++worker) {
    workers.emplace_back([&, worker] {
      for (auto i = next++; i < positions.size(); i = next++)
        try_one(track, positions[i], *track.lanes[worker], parallel > 1);
    });
  }
}

void Runner::try_one(Track& track, std::size_t position, Lane& lane, bool in_company) {
  const auto& trial = plan_.trials[position];
  auto& verdict = outcome_.verdicts[position];
  verdict = try_out(trial, lane, "student " + std::to_string(++users_), in_company);
  ++track.done;
  if (verdict.ok()) return;
  ++differing_;
  say("differs: " + name_of(plan_, trial) + ": " + verdict.why);
}

Runner::Positions Runner::excusable(bool harmless_only) const {
  Positions positions;
  for (std::size_t i = 0; i < outcome_.verdicts.size(); ++i) {
    const bool harmless = plan_.trials[i].company == Company::kAny;
    const auto& verdict = outcome_.verdicts[i];
    if (!verdict.ok() && !verdict.inexcusable && (harmless || !harmless_only)) positions.push_back(i);
  }
  return positions;
}

/// A busy machine lets attempts time out that nothing strikes: longer timeouts tell that from a mistake.
void Runner::rerun(const Positions& positions, std::size_t parallel, int step_timeout_ms) {
  const auto deadline = Clock::now() + kTimeForReruns;
  std::atomic<std::size_t> next{0};
  std::atomic<bool> late{false};
  {
    std::vector<std::jthread> workers;
    for (std::size_t worker = 0; worker < parallel; ++worker) {
      workers.emplace_back([&, worker] {
        for (auto i = next++; i < positions.size() && !(late = Clock::now() > deadline); i = next++) {
          const auto position = positions[i];
          Trial patient = plan_.trials[position];
          patient.request.handling.step_timeout_ms = step_timeout_ms;
          say("again: " + name_of(plan_, patient));
          calm_.market.wait_until_ready();
          outcome_.verdicts[position] =
              try_out(patient, *calm_.lanes[worker], "student " + std::to_string(++users_), parallel > 1);
          outcome_.verdicts[position].rerun = true;
        }
      });
    }
  }
  if (late) say("there is no time to try the rest again: it stays as it was seen");
}

/// A service that has only just been started again is not reached at once: that is no finding. What an audit finds is.
void Runner::audit(Track& track) {
  Json audit;
  std::string trouble;
  const auto audited = [&] {
    try {
      track.market.wait_until_ready();
      audit = track.market.client().audit();
      return true;
    } catch (const std::exception& error) {
      trouble = error.what();
      return false;
    }
  };
  if (!eventually(audited, kTimeForAudit)) {
    outcome_.audit += "no audit could be made: " + trouble + "\n";
  } else if (!audit.at("ok").get<bool>() || !audit.at("violations").empty()) {
    outcome_.audit += audit.dump(2) + "\n";
  }
}

}  // namespace ldt::testing
