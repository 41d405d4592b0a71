#include "crashes/campaign.h"

#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <thread>

#include "crashes/report.h"

namespace ldt::crashes {
namespace {

constexpr std::size_t kPassesPerMarketplace = 12;  // audits read all that ever happened
constexpr std::size_t kGiveUpAfter = 12;           // failed passes
constexpr std::size_t kShownOfViolation = 300;
constexpr std::chrono::milliseconds kTellEvery{1500};

/// A marketplace that stands. Another port where the first was taken meanwhile.
std::unique_ptr<Services> open_marketplace() {
  for (int attempt = 0; attempt < 3; ++attempt) {
    auto services = std::make_unique<Services>();
    services->start();
    if (services->wait_until_ready()) return services;
  }
  throw std::runtime_error("a marketplace that nothing strikes does not become ready");
}

void print_failure(Services& services, const PassResult& result) {
  services.keep();
  std::string replay;
  for (const auto& point : result.struck) replay += " --point " + name_of(point);
  std::printf("FAILED\n");
  for (const auto& text : result.violations) std::printf("  %s\n", text.c_str());
  std::printf("  replay: ./ldt test crashes%s\n  data: %s\n", replay.c_str(), services.data().c_str());
  std::fflush(stdout);
}

}  // namespace

Campaign::Campaign(std::size_t jobs, const std::string& journal) : jobs_(jobs) {
  if (journal.empty()) return;
  journal_.open(journal, std::ios::app);
  if (!journal_) throw std::runtime_error("cannot write the journal " + journal);
}

bool Campaign::count(Counts& counts) {
  const Heartbeat heartbeat("counting what each service does");
  auto services = open_marketplace();
  for (std::size_t service = 0; service < kServices; ++service) {
    for (std::size_t what = 0; what < kClasses; ++what) {
      counts.at(kCreation)[service][what] = services->control(service).counts[what];
    }
  }
  const auto result = Pass(*services, "count", {}).run(&counts);
  if (result.violations.empty()) return true;
  print_failure(*services, result);
  return false;
}

void Campaign::run(const std::vector<std::map<int, Point>>& passes) {
  next_ = 0;
  done_ = 0;
  working_ = jobs_;
  std::vector<std::thread> workers;
  for (std::size_t i = 0; i < jobs_; ++i)
    workers.emplace_back([&] {
      work_off(passes);
      --working_;
    });
  while (working_ > 0) {
    std::this_thread::sleep_for(kTellEvery);
    tell_progress(passes.size());
  }
  for (auto& worker : workers) worker.join();
  if (done_ < passes.size()) std::printf("gave up: too many failed\n");
}

void Campaign::tell_progress(std::size_t passes) {
  const std::lock_guard lock(mutex_);
  std::printf("  %zu of %zu passes, %zu points struck, %zu failed\n", done_, passes, tally_.struck, tally_.failed);
  std::fflush(stdout);
}

void Campaign::work_off(const std::vector<std::map<int, Point>>& passes) {
  std::unique_ptr<Services> services;
  std::size_t used = 0;
  while (true) {
    std::size_t mine = 0;
    {
      const std::lock_guard lock(mutex_);
      if (next_ == passes.size() || tally_.failed >= kGiveUpAfter) return;
      mine = next_++;
    }
    const auto& points = passes[mine];
    try {
      if (points.contains(kCreation)) {
        Services created;
        note(created, Pass(created, "created", points).run_from_creation());
      } else {
        if (!services || used++ % kPassesPerMarketplace == 0) services = open_marketplace();
        auto result = Pass(*services, "p" + std::to_string(mine), points).run();
        if (only_other_ends(result.violations)) {
          note_again(result);
          services = open_marketplace();
          result = Pass(*services, "p" + std::to_string(mine) + "b", points).run();
        }
        note(*services, result);
        if (!result.violations.empty()) services.reset();
      }
    } catch (const std::exception& error) {
      note_trouble("pass " + std::to_string(mine) + ": " + error.what());
      services.reset();
    }
    const std::lock_guard lock(mutex_);
    ++done_;
  }
}

void Campaign::note(Services& services, const PassResult& result) {
  const std::lock_guard lock(mutex_);
  ++tally_.passes;
  tally_.struck += result.struck.size();
  tally_.not_reached += result.not_reached.size();
  tally_.taken_back += result.taken_back;
  for (const auto& point : result.struck) {
    const std::string operation = std::string(kClassNames.at(static_cast<std::size_t>(point.strike.what))) + " " +
                                  std::string(kFaultNames.at(static_cast<std::size_t>(point.strike.fault)));
    ++tally_.by_operation[operation].at(point.service);
  }
  if (result.violations.empty()) {
    for (const auto& point : result.struck) journal_ << name_of(point) << "\n";
    for (const auto& point : result.not_reached) journal_ << name_of(point) << " not reached\n";
    journal_.flush();
    return;
  }
  ++tally_.failed;
  print_failure(services, result);
}

/// On a machine that stands still for seconds, attempts time out that nothing strikes: a mistake ends so once more.
void Campaign::note_again(const PassResult& result) {
  const std::lock_guard lock(mutex_);
  ++tally_.again;
  std::printf("  again: %s\n", result.violations.front().substr(0, kShownOfViolation).c_str());
  std::fflush(stdout);
}

void Campaign::note_trouble(const std::string& what) {
  const std::lock_guard lock(mutex_);
  ++tally_.failed;
  std::printf("FAILED\n  %s\n", what.c_str());
}

}  // namespace ldt::crashes
