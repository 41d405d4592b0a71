// Reads holders and entries.
#include "participant/storage/postgres/postgres_reads.h"

#include "participant/storage/postgres/schema.h"

namespace ldt::participant {

namespace {

using postgres::Parameters;
using postgres::Rows;

constexpr std::string_view kHolder = "SELECT name, balance, granted, price FROM holder WHERE is_open AND name = $1";
constexpr std::string_view kHolders =
    "SELECT name, balance, granted, price FROM holder WHERE is_open AND name > $1 ORDER BY name LIMIT $2";

/// A holder's entries, newest first: each names the one before it. Parameters: 1 its name, 2 only with a smaller seq,
/// 3 at most so many.
const std::string kChain =
    "WITH RECURSIVE start(seq) AS ("
    " SELECT coalesce((SELECT j.previous FROM journal j WHERE j.seq = $2 AND j.holder = h.id), h.last_entry)"
    " FROM holder h WHERE h.is_open AND h.name = $1),"
    " entry AS ("
    " SELECT j.* FROM start JOIN journal j ON j.seq = start.seq"
    " UNION ALL"
    " SELECT j.* FROM entry JOIN journal j ON j.seq = entry.previous WHERE entry.previous < entry.seq)"
    " SELECT seq, event, delta, amount, order_id, item, at_us FROM entry WHERE seq < $2";
const std::string kEntries = kChain + " LIMIT $3";
const std::string kHeldEntries =
    kChain +
    " AND event = 1"
    " AND NOT EXISTS (SELECT 1 FROM journal undo WHERE undo.order_id = entry.order_id AND (undo.event = 4)) LIMIT $3";

HolderNow to_holder(const Rows& rows, int row) {
  return {std::string(rows.text(row, 0)), rows.integer(row, 1), rows.integer(row, 2), rows.integer(row, 3)};
}

RowKind kind_of(std::int64_t event) {
  if (event == kGrantEvent) return RowKind::kGrant;
  return event == static_cast<std::int64_t>(kUndone) ? RowKind::kUndo : RowKind::kDo;
}

EntryNow to_entry(const Rows& rows, int row) {
  return {.seq = rows.integer(row, 0),
          .kind = kind_of(rows.integer(row, 1)),
          .delta = rows.integer(row, 2),
          .amount = rows.integer(row, 3),
          .order = std::string(rows.text(row, 4)),
          .item = std::string(rows.text(row, 5)),
          .at = {rows.integer(row, 6)}};
}

}  // namespace

Result<HolderPage> PostgresReads::page(const std::string& name, EntryFilter filter, std::int64_t before,
                                       std::uint32_t limit) {
  const auto rows = ask({{kHolder, Parameters().text(name)},
                         {filter == EntryFilter::kAll ? kEntries : kHeldEntries,
                          Parameters().text(name).integer(before).integer(std::int64_t{limit} + 1)}});
  if (!rows) return tl::unexpected(rows.error());
  HolderPage page;
  const Rows& entries = (*rows)[1];
  if (!(*rows)[0].empty()) page.holder = to_holder((*rows)[0], 0);
  page.more = entries.size() > static_cast<int>(limit);
  const int shown = page.more ? static_cast<int>(limit) : entries.size();
  for (int i = 0; i < shown; ++i) page.entries.push_back(to_entry(entries, i));
  return page;
}

Result<std::optional<HolderNow>> PostgresReads::holder(const std::string& name) {
  const auto rows = ask({{kHolder, Parameters().text(name)}});
  if (!rows) return tl::unexpected(rows.error());
  const Rows& found = rows->front();
  return found.empty() ? std::nullopt : std::optional(to_holder(found, 0));
}

/// No name holds a NUL, which PostgreSQL does not take: what comes after `after` comes after what is before its NUL.
Result<std::vector<HolderNow>> PostgresReads::holders(const std::string& after, std::uint32_t limit) {
  const auto rows = ask({{kHolders, Parameters().text(after.substr(0, after.find('\0'))).integer(limit)}});
  if (!rows) return tl::unexpected(rows.error());
  const Rows& found = rows->front();
  std::vector<HolderNow> holders;
  holders.reserve(static_cast<std::size_t>(found.size()));
  for (int i = 0; i < found.size(); ++i) holders.push_back(to_holder(found, i));
  return holders;
}

Result<std::vector<Rows>> PostgresReads::ask(const std::vector<Question>& questions) {
  auto rows = ask_once(questions);
  if (!rows && rows.error().kind == postgres::ErrorClass::kConnection) rows = ask_once(questions);
  if (!rows) return tl::unexpected(rows.error().plain());
  return std::move(*rows);
}

postgres::Result<std::vector<Rows>> PostgresReads::ask_once(const std::vector<Question>& questions) {
  const auto connection = link_.get();
  if (!connection) return tl::unexpected(connection.error());
  (*connection)->queue("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  for (const auto& question : questions) (*connection)->queue(question.sql, question.parameters);
  auto committed = (*connection)->commit();
  if (committed.fate != postgres::Fate::kCommitted) {
    (*connection)->rollback();
    return tl::unexpected(std::move(committed.error));
  }
  committed.rows.pop_back();
  committed.rows.erase(committed.rows.begin());
  return std::move(committed.rows);
}

}  // namespace ldt::participant
