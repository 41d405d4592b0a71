// The tables that every participant has, and the SQL that its readers share.
// Depends on nothing. A service adds views with names of its own.
// Invariant: the journal is the truth; `holding` is a projection of its rows up to `projected_seq` at least: of a
// holder's own entries, up to its `last_entry`.
#pragma once

#include <array>
#include <string_view>

namespace ldt::participant {

/// All migrations of a participant's database. Only ever append to them.
/// @param views  of the service: its own first ones
[[nodiscard]] std::array<std::string_view, 5> migrations(std::string_view views);

/// A table `entry(seq)` of a holder's entries, newest first: each names the one before it. Parameters: 1 the holder's
/// name id, 2 only those before this one.
inline constexpr std::string_view kEntriesOfHolder =
    "WITH RECURSIVE entry(seq) AS ("
    " SELECT coalesce((SELECT previous FROM journal WHERE seq = ?2 AND holder = ?1),"
    "   (SELECT max(seq) FROM journal WHERE seq > (SELECT projected_seq FROM projection) AND holder = ?1"
    "      AND (kind = 1 OR state IN (1, 4))),"
    "   (SELECT last_entry FROM holding WHERE name_id = ?1))"
    " UNION ALL"
    " SELECT j.previous FROM entry CROSS JOIN journal j ON j.seq = entry.seq WHERE j.previous BETWEEN 1 AND j.seq - 1)";

/// One holder, true at this moment. The view `holding_now` says the same of all, but adds up everyone's tail.
/// Parameter: 1 the name. Columns: name id, balance. No row: there is no such holder.
inline constexpr std::string_view kHolderByName =
    "SELECT name.id, coalesce(holding.balance, 0) + coalesce(tail.delta, 0) FROM name"
    " LEFT JOIN holding ON holding.name_id = name.id"
    " LEFT JOIN (SELECT sum(delta) AS delta, max(kind IN (1, 4) OR delta <> 0) AS open FROM journal"
    "            WHERE seq > (SELECT projected_seq FROM projection)"
    "              AND holder = (SELECT id FROM name WHERE text = ?1)"
    "              AND seq > coalesce((SELECT last_entry FROM holding WHERE name_id = holder), 0)) tail"
    " WHERE name.text = ?1 AND (holding.name_id IS NOT NULL OR tail.open)";

}  // namespace ldt::participant
