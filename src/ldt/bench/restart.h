// `ldt bench --restart`: a marketplace with orders stored and orders under way loses all its processes at once; how
// soon it is ready again, and how soon all of those have ended. Depends on own_marketplace.h. Invariant: what was under
// way when it was killed is counted by the marketplace itself.
#pragma once

#include "ldt/arguments.h"
#include "platform/process/signals.h"

namespace ldt::bench {

/// Measures on a marketplace of its own, and prints.
/// @return the exit code: 1 where an order that was accepted is missing, or where the audit found something
int measure_restart(const BenchCommand& command, process::Signals& stop);

}  // namespace ldt::bench
