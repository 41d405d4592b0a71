// The tables that every participant has, and how the entries of one holder are found.
// Depends on nothing. A service adds views with names of its own.
// Invariant: the journal is the truth; `holding` is a projection of its rows up to `projected_seq` at least: of a
// holder's own entries, up to its `last_entry`.
#pragma once

#include <array>
#include <string_view>

namespace ldt::participant {

/// All migrations of a participant's database. Only ever append to them.
/// @param views  of the service: its own first ones
[[nodiscard]] std::array<std::string_view, 6> migrations(std::string_view views);

/// A table `entry(seq)` of a holder's entries, newest first: each names the one before it. Parameters: 1 the holder's
/// name id, 2 only those before this one, 4 the newest.
inline constexpr std::string_view kEntriesOfHolder =
    "WITH RECURSIVE entry(seq) AS ("
    " SELECT coalesce((SELECT previous FROM journal WHERE seq = ?2 AND holder = ?1), ?4)"
    " UNION ALL"
    " SELECT j.previous FROM entry CROSS JOIN journal j ON j.seq = entry.seq WHERE j.previous BETWEEN 1 AND j.seq - 1)";

}  // namespace ldt::participant
