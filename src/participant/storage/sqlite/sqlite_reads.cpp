// Reads holders and entries.
// Depends on platform/sqlite.
#include "participant/storage/sqlite/sqlite_reads.h"

#include <utility>

#include "participant/storage/sqlite/schema.h"

namespace ldt::participant {

namespace {

/// A holder's entries, newest first. Parameters: 1 holder, 2 only with a smaller seq, 3 at most so many, 4 its newest.
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

constexpr std::string_view kNames = "SELECT text FROM name WHERE text > ?1 ORDER BY text";

HolderNow to_holder(std::string name, const Holding& holding) {
  return {std::move(name), holding.balance, holding.granted, holding.price};
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

Result<std::unique_ptr<SqliteReads>> SqliteReads::open(const std::string& path, SharedBook shared) {
  auto database = sqlite::Database::open_reader(path);
  if (!database) return tl::unexpected(database.error());
  return std::unique_ptr<SqliteReads>(new SqliteReads(std::move(*database), shared));
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

SqliteReads::Found SqliteReads::find(const std::string& name) const {
  const std::lock_guard lock(shared_.mutex);
  const NameId id = shared_.book.find_name(name);
  return {id, shared_.book.committed_holding(id)};
}

/// The entries are read after the holding, and so are there up to its newest one; what came since is left out.
Result<HolderPage> SqliteReads::page(const std::string& name, EntryFilter filter, std::int64_t before,
                                     std::uint32_t limit) {
  const Found found = find(name);
  HolderPage page;
  if (!found.holding.open) return page;
  page.holder = HolderNow{.name = name, .balance = found.holding.balance};
  if (auto read = read_entries(found, filter, before, limit, page); !read) return tl::unexpected(read.error());
  return page;
}

/// One entry more than the page holds is read, to know whether there are more.
Result<void> SqliteReads::read_entries(const Found& holder, EntryFilter filter, std::int64_t before,
                                       std::uint32_t limit, HolderPage& page) {
  auto entries = statement(filter == EntryFilter::kAll ? kEntries : kHeldEntries);
  if (!entries) return tl::unexpected(entries.error());
  (*entries)->bind(1, holder.id).bind(2, before).bind(3, std::int64_t{limit} + 1).bind(4, holder.holding.last_entry);
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
  const Found found = find(name);
  if (!found.holding.open) return std::nullopt;
  return to_holder(name, found.holding);
}

Result<std::vector<HolderNow>> SqliteReads::holders(const std::string& after, std::uint32_t limit) {
  auto names = statement(kNames);
  if (!names) return tl::unexpected(names.error());
  (*names)->bind(1, after);
  std::vector<HolderNow> holders;
  while (holders.size() < limit) {
    const auto row = (*names)->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return holders;
    std::string name((*names)->text(0));
    const Found found = find(name);
    if (found.holding.open) holders.push_back(to_holder(std::move(name), found.holding));
  }
  (*names)->reset();
  return holders;
}

}  // namespace ldt::participant
