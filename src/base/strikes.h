// Which of a step's failure instructions strikes an attempt. Shared by the services that strike and the engine that
// counts. Pure. Invariant: the answer follows from the attempt's number alone, so a recovered saga meets the same
// failures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace ldt {

struct StrikeAt {
  std::size_t instruction = 0;  // its position in the list
  std::uint32_t count = 1;      // this is its so-manieth strike
};

/// The instructions of one step strike one after the other: the first so many attempts, then the next one so many, ...
/// @param limits   how many attempts each instruction strikes; 0: all that follow
/// @param attempt  counts from 1
[[nodiscard]] constexpr std::optional<StrikeAt> strike_at(std::span<const std::uint32_t> limits,
                                                          std::uint32_t attempt) {
  std::uint32_t before = 0;
  for (std::size_t i = 0; i < limits.size(); ++i) {
    if (limits[i] == 0 || attempt <= before + limits[i]) return StrikeAt{i, attempt - before};
    before += limits[i];
  }
  return std::nullopt;
}

}  // namespace ldt
