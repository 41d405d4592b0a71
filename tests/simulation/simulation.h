// One run: a marketplace, its clients and everything that goes wrong, from one seed to the final proof.
// Depends on the folder. Invariant: two runs of a seed are the same, event by event.
#pragma once

#include <cstdint>
#include <string>

#include "simulation/tally.h"

namespace ldt::simulation {

struct RunResult {
  bool passed = true;
  std::string violation;
  std::uint64_t hash = 0;  // of the event log
  std::uint64_t events = 0;
  std::uint64_t orders = 0;
};

/// Disk::install() has been called; the working folder is this process's alone: the product's lock files go there.
[[nodiscard]] RunResult run_seed(std::uint64_t seed, bool prints, Tally& tally);

}  // namespace ldt::simulation
