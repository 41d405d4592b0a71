// What this process has written through SQLite, all databases together: counted in the layer of page_checksum.h.
// Depends on nothing. Thread-safe; a number may be a moment old.
#pragma once

#include <cstdint>

namespace ldt::sqlite {

struct IoCounts {
  std::int64_t fsyncs = 0;
  std::int64_t bytes_written = 0;  // to main files, write-ahead logs and journals
};

/// Since the process began.
[[nodiscard]] IoCounts io_counts();

}  // namespace ldt::sqlite
