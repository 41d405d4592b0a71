// Keeps the file within its bounds of age and size: the oldest records go first.
// Depends on platform/sqlite. Invariant: one step is a short transaction, so that records that arrive never wait long.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"
#include "base/result.h"
#include "platform/sqlite/database.h"

namespace ldt::telemetry_store {

struct Bounds {
  std::chrono::seconds max_age{24 * 3600};
  std::uint64_t max_bytes = 256ULL << 20U;
};

class Retention {
 public:
  explicit Retention(const Bounds& bounds) : bounds_(bounds) {}

  /// Deletes some of what is too old or too much. @return true where there may be more to delete
  [[nodiscard]] Result<bool> step(sqlite::Database& database, WallTime now) const;
  /// How often to look where nothing arrives.
  [[nodiscard]] std::chrono::milliseconds interval() const;

 private:
  [[nodiscard]] Result<std::int64_t> first_kept(sqlite::Database& database, WallTime now) const;

  Bounds bounds_;
};

}  // namespace ldt::telemetry_store
