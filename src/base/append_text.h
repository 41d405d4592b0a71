// Numbers, bytes and times as text, appended: what logs and answers are made of.
// Pure, but for a cache of the last second's text in each thread. Depends on clock.h.
// Invariant: no more than the appended text is allocated.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "base/clock.h"

namespace ldt {

/// The two lower-case hexadecimal digits of a byte.
using HexPair = std::array<char, 2>;
[[nodiscard]] HexPair hex_pair(std::uint8_t byte);

void append_hex(std::string& out, std::span<const std::uint8_t> bytes);

void append_decimal(std::string& out, std::int64_t value);

/// RFC 3339, UTC, microseconds: "2026-11-22T10:00:00.000000Z". Years from 0 to 9999.
using TimeText = std::array<char, 27>;
[[nodiscard]] TimeText time_text(WallTime time);
inline void append_timestamp(std::string& out, WallTime time) {
  const TimeText text = time_text(time);
  out.append(text.data(), text.size());
}

}  // namespace ldt
