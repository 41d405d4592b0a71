// Where a reader of all events is, as text that it gives back to go on: the `id:` of the stream, opaque to readers.
// Pure. Invariant: every end that a reader at a position has not been told of lies within what the position names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace ldt::order {

/// What is known about the orders at a moment; rows are named by their place in the order database.
struct Mark {
  WallTime since;              // orders that end later do not end before this
  std::int64_t open_from = 0;  // orders before this one have ended
  std::int64_t newest = 0;     // orders after this one were not accepted yet

  friend bool operator==(const Mark&, const Mark&) = default;
};

struct Position {
  std::uint64_t process = 0;  // which one counted `next`
  std::uint64_t next = 0;     // of its events, the first that was not told
  Mark mark;
  /// Set while the reader is told what it missed, in the order of acceptance: of orders before `mark.open_from` it has
  /// been told all but what happened since this earlier-read mark.
  std::optional<Mark> told;

  friend bool operator==(const Position&, const Position&) = default;
};

[[nodiscard]] std::string to_string(const Position& position);
/// Nothing where it is not one.
[[nodiscard]] std::optional<Position> parse_position(std::string_view text);

}  // namespace ldt::order
