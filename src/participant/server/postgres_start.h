// How a participant comes to its PostgreSQL storage: it waits for the server, and checks what it finds.
// Depends on storage/postgres and platform/postgres.
#pragma once

#include <csignal>
#include <memory>

#include "base/result.h"
#include "participant/server/options.h"
#include "participant/server/run.h"
#include "participant/storage/storage.h"

namespace ldt::participant {

/// Waits until the server is there, however long that takes, and says so once. nullptr: told to stop meanwhile.
/// Error where the schema is of another version, or the server may lose what it has committed.
[[nodiscard]] Result<std::unique_ptr<Storage>> open_postgres(const Options& options, const Description& description,
                                                             const sigset_t& stop_signals);

/// Brings the schema up to date. Waits for the server for some seconds only.
[[nodiscard]] Result<void> migrate_postgres(const Options& options, const Description& description);

}  // namespace ldt::participant
