// Reads holders and entries.
// Depends on platform/sqlite.
#include "participant/storage/sqlite/sqlite_reads.h"

#include <utility>

#include "participant/storage/sqlite/schema.h"

namespace ldt::participant {

namespace {

/// A holder's entries, newest first. Parameters: 1 holder, 2 only with a smaller seq, 3 at most so many.
const std::string kEntries = std::string(kEntriesOfHolder) +
                             " SELECT j.seq, j.kind, j.delta, j.amount, j.order_id, '', j.at_us FROM entry"
                             " CROSS JOIN journal j ON j.seq = entry.seq WHERE j.seq < ?2 LIMIT ?3";

/// The same of those that are still held.
const std::string kHeldEntries =
    std::string(kEntriesOfHolder) +
    " SELECT j.seq, j.kind, j.delta, j.amount, j.order_id, item.text, j.at_us FROM entry"
    " CROSS JOIN journal j ON j.seq = entry.seq LEFT JOIN name item ON item.id = j.item"
    " WHERE j.seq < ?2 AND j.kind = 2"
    " AND NOT EXISTS (SELECT 1 FROM journal undo WHERE undo.order_id = j.order_id AND undo.kind = 3) LIMIT ?3";

constexpr std::string_view kHolder = "SELECT name, balance, granted, price FROM holding_now WHERE name = ?1";
constexpr std::string_view kHolders =
    "SELECT name, balance, granted, price FROM holding_now WHERE name > ?1 ORDER BY name LIMIT ?2";

HolderNow to_holder(const sqlite::Statement& row) {
  return {std::string(row.text(0)), row.integer(1), row.integer(2), row.integer(3)};
}

EntryNow to_entry(const sqlite::Statement& row) {
  return {.seq = row.integer(0),
          .kind = static_cast<RowKind>(row.integer(1)),
          .delta = row.integer(2),
          .amount = row.integer(3),
          .order = std::string(row.blob(4)),
          .item = std::string(row.text(5)),
          .at = {row.integer(6)}};
}

}  // namespace

Result<std::unique_ptr<SqliteReads>> SqliteReads::open(const std::string& path) {
  auto database = sqlite::Database::open_reader(path);
  if (!database) return tl::unexpected(database.error());
  return std::unique_ptr<SqliteReads>(new SqliteReads(std::move(*database)));
}

Result<sqlite::Statement*> SqliteReads::statement(std::string_view sql) {
  const auto known = statements_.find(sql);
  if (known != statements_.end()) {
    known->second.reset();
    return &known->second;
  }
  auto prepared = database_.prepare(sql);
  if (!prepared) return tl::unexpected(prepared.error());
  return &statements_.emplace(sql, std::move(*prepared)).first->second;
}

Result<HolderPage> SqliteReads::page(const std::string& name, EntryFilter filter, std::int64_t before,
                                     std::uint32_t limit) {
  const auto snapshot = sqlite::Transaction::begin_read(database_);
  if (!snapshot) return tl::unexpected(snapshot.error());
  auto holder = statement(kHolderByName);
  if (!holder) return tl::unexpected(holder.error());
  const auto found = (*holder)->bind(1, name).step();
  if (!found) return tl::unexpected(found.error());
  HolderPage page;
  if (!*found) return page;
  page.holder = HolderNow{.name = name, .balance = (*holder)->integer(1)};
  const std::int64_t id = (*holder)->integer(0);
  (*holder)->reset();
  if (auto read = read_entries(id, filter, before, limit, page); !read) return tl::unexpected(read.error());
  return page;
}

/// One entry more than the page holds is read, to know whether there are more.
Result<void> SqliteReads::read_entries(std::int64_t holder, EntryFilter filter, std::int64_t before,
                                       std::uint32_t limit, HolderPage& page) {
  auto entries = statement(filter == EntryFilter::kAll ? kEntries : kHeldEntries);
  if (!entries) return tl::unexpected(entries.error());
  (*entries)->bind(1, holder).bind(2, before).bind(3, std::int64_t{limit} + 1);
  for (;;) {
    const auto row = (*entries)->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return {};
    if (page.entries.size() == limit) {
      page.more = true;
      (*entries)->reset();
      return {};
    }
    page.entries.push_back(to_entry(**entries));
  }
}

Result<std::optional<HolderNow>> SqliteReads::holder(const std::string& name) {
  auto found = statement(kHolder);
  if (!found) return tl::unexpected(found.error());
  const auto row = (*found)->bind(1, name).step();
  if (!row) return tl::unexpected(row.error());
  if (!*row) return std::nullopt;
  auto holder = to_holder(**found);
  (*found)->reset();
  return holder;
}

Result<std::vector<HolderNow>> SqliteReads::holders(const std::string& after, std::uint32_t limit) {
  auto found = statement(kHolders);
  if (!found) return tl::unexpected(found.error());
  (*found)->bind(1, after).bind(2, limit);
  std::vector<HolderNow> holders;
  for (;;) {
    const auto row = (*found)->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return holders;
    holders.push_back(to_holder(**found));
  }
}

}  // namespace ldt::participant
