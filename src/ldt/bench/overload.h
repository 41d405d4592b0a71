// `ldt bench --overload`: what a marketplace carries, ten times that for a while, and how it is five seconds later.
// Depends on bench.h. Invariant: the three are measured on one marketplace, one after the other.
#pragma once

#include <string>

#include "ldt/arguments.h"
#include "ldt/client/address.h"
#include "platform/process/signals.h"

namespace ldt::bench {

/// Measures and prints.
/// @return the exit code: 1 where an answer was neither what the order had to come to nor a refusal, or where the audit
/// found something
int measure_overload(const BenchCommand& command, const Address& address, const std::string& data_folder,
                     process::Signals& stop);

}  // namespace ldt::bench
