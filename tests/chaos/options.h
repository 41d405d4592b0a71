// The command line of the stage. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ldt::testing {

struct Options {
  double minutes = 2;
  std::optional<std::uint64_t> seed;
  int rate = 0;  // orders a second; 0: half of the top load
  bool help = false;
};

inline constexpr const char* kUsage =
    "chaos [--minutes N] [--seed N] [--rate N]\n"
    "  Orders arrive at half of the top load while services are killed and stopped at random, alone, all at once and "
    "with\n"
    "  their supervisor, and clients stall. Then nothing acknowledged may be lost, and everything must have ended.\n"
    "  --minutes N   of load, its measurement included, 0.5 to 1440 (2)\n"
    "  --seed N      of the faults and the orders; printed\n"
    "  --rate N      orders a second, instead of half of what is measured\n";

/// Throws std::invalid_argument, in words for the user.
[[nodiscard]] Options parse_options(const std::vector<std::string>& words);

}  // namespace ldt::testing
