// Runs many seeds in processes of its own, so that a CHECK that fails, or an endless loop, is a failed seed as well.
// Depends on simulation.h. Invariant: every seed is counted once, as passed or as failed.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "simulation/tally.h"

namespace ldt::simulation {

struct Seeds {
  std::uint64_t first = 1;
  std::uint64_t count = 10'000;
  unsigned jobs = 2;
};

struct Summary {
  std::uint64_t passed = 0;
  std::uint64_t failed = 0;
  std::uint64_t events = 0;
  std::uint64_t orders = 0;
  Tally tally;
};

/// One run of `seed` in this process; every so many seeds a second one, which must be the same event by event.
/// @return what is wrong; empty: nothing
[[nodiscard]] std::string check_seed(std::uint64_t seed, Summary& summary);

/// Ends early once a few seeds have failed.
/// @param on_failure   told of each failed seed, at once
/// @param on_progress  told every second or so
[[nodiscard]] Summary run_seeds(const Seeds& seeds,
                                const std::function<void(std::uint64_t seed, const std::string& what)>& on_failure,
                                const std::function<void(const Summary& so_far)>& on_progress);

/// A folder of this process for the product's lock files, its working folder from now on; removed at the end.
class WorkingFolder {
 public:
  WorkingFolder();
  ~WorkingFolder();
  WorkingFolder(const WorkingFolder&) = delete;
  WorkingFolder& operator=(const WorkingFolder&) = delete;

 private:
  std::string before_;
  std::string path_;
};

}  // namespace ldt::simulation
