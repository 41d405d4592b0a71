// A service's schema: brought up to date, or checked before it is used; and the server's promise that a COMMIT lasts.
// Depends on connection.h.
// Invariant: a migration happens once, wholly or not at all, however many programs try at the same time.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/postgres/connection.h"

namespace ldt::postgres {

/// Migration i leads from version i to i + 1. Only ever append to it.
using Migrations = std::span<const std::string_view>;

/// Makes the connection's schema where it does not exist and runs what it has not seen, in one transaction.
/// A schema that is newer is left as it is, with an error.
/// @return the version from which it came
[[nodiscard]] Result<int> migrate(Connection& connection, const std::string& schema, Migrations migrations);

/// Error (kConflict) where the schema is of another version; says what to do.
[[nodiscard]] ldt::Result<void> check_version(Connection& connection, const std::string& schema, Migrations migrations);

/// Error (kConflict) where the server may lose what it has committed: synchronous_commit is neither `on` nor
/// `remote_apply`, or fsync or full_page_writes is off.
/// @param allowed  weaker settings that are wanted, by name: "off", "local", "remote_write", "fsync=off",
///                 "full_page_writes=off"
[[nodiscard]] ldt::Result<void> check_durability(Connection& connection, const std::vector<std::string>& allowed);

}  // namespace ldt::postgres
