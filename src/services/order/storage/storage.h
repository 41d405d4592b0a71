// Where the orders are kept: opens the one store that the engine writes to, and as many archives as are wanted.
// Implemented over SQLite (sqlite_storage.h) and PostgreSQL (postgres_storage.h).
// Invariant: what an archive shows was committed by a store.
#pragma once

#include <memory>

#include "base/result.h"
#include "services/order/engine/store.h"
#include "services/order/storage/order_archive.h"

namespace ldt::order {

class Storage {
 public:
  virtual ~Storage() = default;
  /// Several engines may share the orders.
  [[nodiscard]] virtual bool shared() const = 0;
  /// kConflict: in use, or of another version. Before the first open_archive().
  [[nodiscard]] virtual Result<std::unique_ptr<Store>> open_store() = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<OrderArchive>> open_archive() = 0;
};

}  // namespace ldt::order
