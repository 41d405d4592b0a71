// A pool of threads and the words for a person.
// Depends on inspection.h.
#include "model/inspection.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <thread>
#include <utility>

namespace ldt::model {
namespace {

constexpr std::chrono::seconds kProgressEvery{2};

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return text;
}

std::string extent(const Outcomes& outcomes) {
  if (outcomes.counterexample) return "";
  if (outcomes.complete) return ", complete";
  return ", bounded: all that is within " + std::to_string(outcomes.depth - 1) + " moves";
}

}  // namespace

std::string Job::name() const {
  return mutant == nullptr ? std::string(config->name) : "mutant " + std::string(mutant->name);
}

Inspection::Inspection(std::vector<Job> jobs, std::string reports, bool verbose)
    : reports_(std::move(reports)), verbose_(verbose) {
  for (auto& job : jobs) {
    jobs_.push_back(std::make_unique<Running>());
    jobs_.back()->job = job;
  }
}

bool Inspection::run(unsigned threads) {
  std::vector<std::thread> pool;
  for (unsigned i = 0; i < threads; ++i) pool.emplace_back([this] { work(); });
  {
    std::unique_lock lock(mutex_);
    const auto all_ended = [this] { return passed_ + failed_ == jobs_.size(); };
    while (!ended_.wait_for(lock, kProgressEvery, all_ended)) show_progress();
  }
  for (auto& thread : pool) thread.join();
  std::printf("%zu passed, %zu failed\n", passed_, failed_);
  return failed_ == 0 && passed_ > 0;
}

void Inspection::work() {
  for (;;) {
    Running* running = nullptr;
    {
      const std::lock_guard lock(mutex_);
      if (next_ == jobs_.size()) return;
      running = jobs_[next_++].get();
      running->active = true;
    }
    const auto start = std::chrono::steady_clock::now();
    const Job& job = running->job;
    const Mutant mutant = job.mutant == nullptr ? Mutant::kNone : job.mutant->mutant;
    const Outcomes outcomes = Explorer(*job.config, mutant, job.limits).run(running->progress);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    const std::lock_guard lock(mutex_);
    running->active = false;
    finish(*running, outcomes, took.count());
    ended_.notify_all();
  }
}

void Inspection::show_progress() {
  for (const auto& running : jobs_) {
    if (!running->active) continue;
    std::fprintf(stderr, "  ...     %s: %s states, %u moves deep\n", running->job.name().c_str(),
                 grouped(running->progress.states).c_str(), running->progress.depth.load());
  }
}

void Inspection::finish(const Running& running, const Outcomes& outcomes, double seconds) {
  const Job& job = running.job;
  const auto& found = outcomes.counterexample;
  const bool passed = found.has_value() == (job.mutant != nullptr);
  ++(passed ? passed_ : failed_);
  const auto what = job.mutant == nullptr ? job.config->what : job.mutant->what;
  std::printf("  %-7s %s (%.*s): %s states, %s changes, %s endings, %u moves deep%s, %.1f s\n",
              passed ? "ok" : "FAILED", job.name().c_str(), static_cast<int>(what.size()), what.data(),
              grouped(outcomes.states).c_str(), grouped(outcomes.changes).c_str(), grouped(outcomes.endings).c_str(),
              outcomes.depth, extent(outcomes).c_str(), seconds);
  if (found) {
    const auto page = write_report(job, *found);
    std::printf("          found: %s%s\n", found->what.c_str(), page.empty() ? "" : (", see " + page).c_str());
    if (verbose_ || !passed) std::printf("%s", found->story.c_str());
  } else if (job.mutant != nullptr) {
    std::printf("          nothing was found: the checker is too weak\n");
  }
  if (!passed) {
    std::printf("          replay: ldt-model --config %s%s%s\n", std::string(job.config->name).c_str(),
                job.mutant == nullptr ? "" : " --mutant ",
                job.mutant == nullptr ? "" : std::string(job.mutant->name).c_str());
  }
  std::fflush(stdout);
}

std::string Inspection::write_report(const Job& job, const Counterexample& found) const {
  if (reports_.empty()) return {};
  const std::string name(job.mutant == nullptr ? job.config->name : job.mutant->name);
  const std::string path = reports_ + "/model-" + name + ".txt";
  std::ofstream page(path);
  page << job.name() << " in " << job.config->name << ": " << job.config->what << "\n"
       << (job.mutant == nullptr ? "" : "what is wrong with it: " + std::string(job.mutant->what) + "\n")
       << "found: " << found.what << "\n\n"
       << found.story;
  return page ? path : std::string{};
}

}  // namespace ldt::model
