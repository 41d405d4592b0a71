// The store's file: its tables, and how it is opened come what may.
// Depends on platform/sqlite. Invariant: a file that cannot be used is moved aside, never written to and never deleted
// before the next one like it.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "platform/sqlite/database.h"

namespace ldt::telemetry_store {

/// Says one line to whoever watches the process.
using Say = std::function<void(const std::string&)>;

/// What the owner's COMMIT throws where it failed: the file is to be opened anew, which finds out what happened.
struct CommitFailed {
  std::string what;
};

/// Opens the file for its one writer. One that is damaged is renamed to <path>.damaged, one of a newer version to
/// <path>.newer, and an empty one takes its place.
/// @return an Error where it is in use by another process, or the disk does not allow it
[[nodiscard]] Result<sqlite::Database> open_store(const std::string& path, const Say& say);

/// True where an error of platform/sqlite says that the file's contents are broken.
[[nodiscard]] bool is_damage(const Error& error);

/// Renames the file, which nobody has open, to <path>.<why> and removes what belonged to it.
[[nodiscard]] Result<void> move_aside(const std::string& path, const std::string& why);

}  // namespace ldt::telemetry_store
