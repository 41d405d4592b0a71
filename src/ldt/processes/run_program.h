// Runs a program to its end.
// Depends on platform/process. Invariant: on return the program has ended.
#pragma once

#include "platform/process/spawn.h"

namespace ldt {

[[nodiscard]] Result<process::Ended> run_to_end(const process::SpawnRequest& request);

}  // namespace ldt
