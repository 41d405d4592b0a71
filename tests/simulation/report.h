// What occurred, as a table for people, and I8: whether all of it that must occur did.
// Depends on tally.h. Invariant: what a long run must have met is listed here by name, so that nothing drops out
// unseen.
#pragma once

#include <string>
#include <vector>

#include "simulation/workers.h"

namespace ldt::simulation {

/// So many seeds meet everything that is listed.
inline constexpr std::uint64_t kSeedsForAll = 2'000;

/// What must have occurred and did not.
[[nodiscard]] std::vector<std::string> missing(const Tally& tally);

/// Markdown.
[[nodiscard]] std::string table(const Summary& summary);

}  // namespace ldt::simulation
