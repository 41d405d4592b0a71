// `ldt logs` from the telemetry store, over the public API.
// Depends on api_client.h. Invariant: following, nothing is shown twice and nothing is left out, over a restart of the
// store and of the order service.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "ldt/arguments.h"

namespace ldt {

/// Prints what the store has of what the command asks for, and what comes if it follows.
/// @param since_us  0: whatever its age
/// @return the exit code; an Error whose detail says why the store has no answer: the files may have one
[[nodiscard]] Result<int> show_stored_logs(const LogsCommand& command, std::int64_t since_us);

}  // namespace ldt
