// The command line of the stage. Pure but for the clock, which chooses today's sample.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "failures/plan.h"
#include "failures/runner.h"

namespace ldt::testing {

struct Options {
  PlanOptions plan;
  RunnerOptions runner;
  int step_timeout_ms = 250;
  bool help = false;
};

inline constexpr const char* kUsage =
    "failures [--filter TEXT] [--all] [--parallel N] [--step-timeout-ms N] [--seed N] [--sample N]\n"
    "  Places an order for every failure instruction alone and for every pair, and compares each with its documented\n"
    "  end. What differs is tried again, calmly, and what differs once more alone.\n"
    "  --filter TEXT         only those whose name holds TEXT, e.g. 'payment.refund=CRASH'\n"
    "  --all                 every pair; otherwise those with a CRASH that strikes more than once are a sample\n"
    "  --sample N            how many of those pairs (400)\n"
    "  --seed N              which of them; without it another sample each day\n"
    "  --parallel N          orders at a time, 1 to 256 (64)\n"
    "  --step-timeout-ms N   of an attempt, 50 to 5000 (250)\n";

/// Throws std::invalid_argument, in words for the user.
[[nodiscard]] Options parse_options(const std::vector<std::string>& words);

}  // namespace ldt::testing
