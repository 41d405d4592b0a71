// `ldt bench --cluster`: orders a second with 1, 2, 4 replicas of every service, and what PostgreSQL does meanwhile.
// Depends on `ldt up --cluster`, psql and /proc. Invariant: one cluster at a time, and none is left.
#pragma once

#include "ldt/arguments.h"
#include "platform/process/signals.h"

namespace ldt::bench {

/// @return the exit code
[[nodiscard]] int run_on_clusters(const BenchCommand& command, process::Signals& stop);

}  // namespace ldt::bench
