// One run of the benchmark against a marketplace that is there.
// Depends on the folder's other files. Invariant: on return nothing that it began is under way.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "ldt/arguments.h"
#include "ldt/bench/report.h"
#include "ldt/client/address.h"
#include "platform/process/signals.h"

namespace ldt::bench {

struct MeasureOptions {
  bool limit_and_audit = true;  // afterwards; else the figures alone, and how much memory was used at most
  bool waits = true;            // each order for its end
};

/// @param token  of the operator
/// @param stop  a signal there ends it
/// @param around  called before the first order and after the last
[[nodiscard]] Result<Report> measure(const BenchCommand& command, const Address& address, const std::string& token,
                                     process::Signals& stop, const std::function<void()>& around = {},
                                     MeasureOptions options = {});
/// Room for all connections: raises the process's limit of open files as far as the system lets it.
void raise_file_limit();
/// Says what went wrong, and gives the exit code.
int fail(const Error& error);

}  // namespace ldt::bench
