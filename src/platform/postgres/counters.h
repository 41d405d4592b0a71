// What this process has handed to PostgreSQL, all connections together.
// Thread-safe; a number may be a moment old.
#pragma once

#include <cstdint>

namespace ldt::postgres {

struct IoCounts {
  std::int64_t round_trips = 0;
  std::int64_t bytes_sent = 0;  // of parameters
};

/// Since the process began.
[[nodiscard]] IoCounts io_counts();

}  // namespace ldt::postgres
