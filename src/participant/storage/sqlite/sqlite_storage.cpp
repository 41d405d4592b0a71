// Opens the file and hands out its parts.
#include "participant/storage/sqlite/sqlite_storage.h"

#include <utility>

#include "participant/storage/sqlite/group_commit.h"
#include "participant/storage/sqlite/sqlite_audit.h"
#include "participant/storage/sqlite/sqlite_reads.h"
#include "platform/sqlite/io_counters.h"

namespace ldt::participant {

Result<std::unique_ptr<SqliteStorage>> SqliteStorage::open(const std::string& path,
                                                           std::span<const std::string_view> migrations) {
  std::unique_ptr<SqliteStorage> storage(new SqliteStorage(path));
  auto store = Store::open(path, {.migrations = migrations, .checkpoint_aside = true});
  if (!store) return tl::unexpected(store.error());
  storage->store_ = std::move(*store);
  if (auto loaded = storage->store_->load(storage->book_); !loaded) return tl::unexpected(loaded.error());
  return storage;
}

std::unique_ptr<Committer> SqliteStorage::make_committer(const Rules& rules, const Clock& clock, OnCommit on_commit) {
  return std::make_unique<GroupCommit>(rules, *store_, book_, clock, std::move(on_commit), GroupCommit::kRowsPerSave,
                                       &book_mutex_);
}

Result<std::unique_ptr<Reads>> SqliteStorage::open_reads() { return SqliteReads::open(path_, {book_, book_mutex_}); }

Result<std::unique_ptr<Audit>> SqliteStorage::open_audit(const Terms& terms) { return SqliteAudit::open(path_, terms); }

Result<std::vector<PriceNow>> SqliteStorage::prices() {
  std::vector<PriceNow> prices;
  for (NameId id = 1; id <= book_.name_count(); ++id) {
    if (book_.holding(id).open) prices.push_back({.holder = book_.name(id), .price = book_.holding(id).price});
  }
  return prices;
}

Written SqliteStorage::written() const {
  const auto io = sqlite::io_counts();
  return {io.fsyncs, io.bytes_written};
}

}  // namespace ldt::participant
