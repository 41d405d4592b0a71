// Flipped bits and cut-off files: a stopped marketplace's databases are damaged, one place at a time, and started
// again. Depends on services.h. Invariant: damage is refused at the start, found by the audit or an error, or changes
// nothing that anybody can read; anything else is silently wrong, and fails.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ldt::crashes {

struct DamageTally {
  std::size_t passed = 0, failed = 0;
};

[[nodiscard]] DamageTally run_damage(std::size_t jobs, bool all, std::uint64_t seed);

}  // namespace ldt::crashes
