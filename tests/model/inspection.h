// Runs explorations side by side, shows how far they are, and says what came out.
// Depends on explorer.h.
// Invariant: a correct protocol passes if nothing is found in it, a mutant if something is.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "model/config.h"
#include "model/explorer.h"
#include "model/mutants.h"

namespace ldt::model {

struct Job {
  const Config* config = nullptr;
  const MutantInfo* mutant = nullptr;  // nullptr: the protocol as it ships
  Limits limits;

  [[nodiscard]] std::string name() const;
};

class Inspection {
 public:
  /// @param reports  a folder for counterexamples; empty: none are written
  /// @param verbose  shows the counterexamples of mutants, too
  Inspection(std::vector<Job> jobs, std::string reports, bool verbose);
  /// Runs all jobs on so many threads; prints a line for each as it ends, and "N passed, N failed" at last.
  /// @return whether all passed
  bool run(unsigned threads);

 private:
  struct Running {
    Job job;
    Progress progress;
    bool active = false;
  };
  void work();
  void show_progress();
  void finish(const Running& running, const Outcomes& outcomes, double seconds);
  [[nodiscard]] std::string write_report(const Job& job, const Counterexample& found) const;

  std::vector<std::unique_ptr<Running>> jobs_;
  const std::string reports_;
  const bool verbose_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::size_t next_ = 0;
  std::size_t passed_ = 0;
  std::size_t failed_ = 0;
};

}  // namespace ldt::model
