// The tables that every participant has in PostgreSQL.
// Depends on nothing. A service adds views with names of its own.
// Invariant: a holder's balance is what its rows in the journal sum to; both change in one transaction.
#pragma once

#include <cstdint>
#include <string_view>

namespace ldt::participant {

/// The first migration of every participant's schema.
extern const std::string_view kPostgresSchema;

/// The numbers of one batch's rows are taken together; so many at most.
inline constexpr std::int64_t kRowsPerBatch = 4096;

/// journal.event of what is no operation; an operation's is its state.
inline constexpr std::int64_t kGrantEvent = 5;
inline constexpr std::int64_t kPriceEvent = 6;

/// Notified where a price was set.
inline constexpr std::string_view kPriceChannel = "ldt_price";

}  // namespace ldt::participant
