// Packs a world into four machine words, the same ones for worlds that differ only in which engine is which.
// Depends on world.h. Invariant: unpack(pack(w)) equals w up to the order of its engines and attempts beyond the cap.
#pragma once

#include <array>
#include <cstdint>

#include "model/world.h"

namespace ldt::model {

/// The world but for its engines, then a word for each engine, ascending.
struct Packed {
  std::array<std::uint64_t, 1 + kMaxEngines> words{};
  friend bool operator==(const Packed&, const Packed&) = default;
};

/// `places[i]` is where engine i was before.
using Places = std::array<std::uint8_t, kMaxEngines>;

/// Attempts of an undo or a write are not limited. Beyond this number the next one differs from the last in nothing but
/// its number, which the saga reads nowhere but to compare it with limits below.
[[nodiscard]] constexpr std::uint32_t attempt_cap(const saga::Handling& handling) { return handling.max_attempts + 1; }

/// All engines run the same code and no message names one by its place, so engines may be put in any order (symmetry).
[[nodiscard]] Packed pack(const World& world, Places* places = nullptr);
[[nodiscard]] World unpack(const Packed& packed, const saga::Handling& handling);

/// 64 bits that stand for the packed world in the set of those seen; never 0.
[[nodiscard]] std::uint64_t fingerprint(const Packed& packed);

}  // namespace ldt::model
