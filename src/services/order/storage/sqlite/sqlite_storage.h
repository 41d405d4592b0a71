// The orders in one SQLite file, which one engine owns.
// Depends on sqlite_store.h and sqlite_archive.h. Invariant: that of Storage.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "services/order/storage/sqlite/sqlite_archive.h"
#include "services/order/storage/sqlite/sqlite_store.h"
#include "services/order/storage/storage.h"

namespace ldt::order {

class SqliteStorage final : public Storage {
 public:
  explicit SqliteStorage(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] bool shared() const override { return false; }
  Result<std::unique_ptr<Store>> open_store() override {
    auto store = SqliteStore::open(path_, {.checkpoint_aside = true});
    if (!store) return tl::unexpected(store.error());
    projections_ = store->projections();
    return std::make_unique<SqliteStore>(std::move(*store));
  }
  Result<std::unique_ptr<OrderArchive>> open_archive() override {
    auto archive = SqliteArchive::open(path_, projections_);
    if (!archive) return tl::unexpected(archive.error());
    return std::move(*archive);
  }

 private:
  std::string path_;
  std::shared_ptr<const Projections> projections_;  // once the store is open
};

}  // namespace ldt::order
