// The one source of chance of a simulated run: SplitMix64, so that a seed says everything.
// Pure. Invariant: the same seed gives the same sequence on every machine.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ldt::simulation {

class Random {
 public:
  /// Mixed, since neighbouring states of SplitMix64 are steps of one sequence.
  explicit Random(std::uint64_t seed) : state_(mix(seed + 0x1234567)) {}

  std::uint64_t next() { return mix(state_ += 0x9E3779B97F4A7C15ULL); }
  /// 0 .. bound - 1
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  /// first .. last, both included
  std::int64_t between(std::int64_t first, std::int64_t last) {
    return first + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(last - first + 1)));
  }
  /// True in `per_mille` of a thousand cases.
  bool chance(std::uint32_t per_mille) { return per_mille != 0 && below(1000) < per_mille; }

 private:
  static std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

}  // namespace ldt::simulation
