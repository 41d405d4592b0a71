// Runs the trials of a plan: many at a time where they do not harm each other; those that end processes with their
// like, on a marketplace of their own. What was not as foretold is tried once more, alone and patiently. Invariant: a
// trial is ok only if all was as foretold, in company or alone.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "failures/plan.h"
#include "failures/trial.h"

namespace ldt::testing {

struct RunnerOptions {
  int parallel = 64;
  int calm_step_timeout_ms = 750;      // of what is tried again
  int patient_step_timeout_ms = 2000;  // of what is tried once more, alone
};

struct Outcome {
  std::vector<Verdict> verdicts;  // by position in the plan
  int reruns = 0;                 // in little company
  int lone_reruns = 0;            // of these, once more alone
  bool audited = false;
  std::string audit;  // empty: clean
  double seconds = 0;
};

class Runner {
 public:
  Runner(const Plan& plan, RunnerOptions options);

  Outcome run();

 private:
  using Positions = std::vector<std::size_t>;

  /// A marketplace and what is tried there just now.
  struct Track {
    Marketplace market{Marketplace::Options{.may_be_cluster = true}};
    std::vector<std::unique_ptr<Lane>> lanes;
    std::atomic<std::size_t> done{0};
  };

  void open_lanes(Track& track, std::size_t count) const;
  void run_calm();
  void run_crashing();
  [[nodiscard]] Positions of_company(Company company, bool alone) const;
  void run_phase(Track& track, const std::string& name, const Positions& positions, std::size_t parallel);
  void run_waves(Track& track, const std::string& name, const Positions& positions, std::size_t size);
  void try_all(Track& track, const Positions& positions, std::size_t parallel);
  void try_one(Track& track, std::size_t position, Lane& lane, bool in_company);
  [[nodiscard]] Positions excusable(bool harmless_only) const;
  void rerun(const Positions& positions, std::size_t parallel, int step_timeout_ms);
  void audit(Track& track);

  const Plan& plan_;
  const RunnerOptions options_;
  Track calm_;      // and then the order service dies there
  Track crashing_;  // where participants die
  Outcome outcome_;
  std::atomic<int> users_{0};
  std::atomic<std::size_t> differing_{0};
};

}  // namespace ldt::testing
