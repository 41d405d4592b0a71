// Adds everything up again from the journal and compares.
// Depends on platform/sqlite.
#include "participant/storage/sqlite/sqlite_audit.h"

#include <utility>

namespace ldt::participant {

namespace {

constexpr std::string_view kOperations =
    "SELECT j.order_id, j.kind, j.state, coalesce(h.text, '#' || j.holder), coalesce(i.text, ''), j.amount, j.delta"
    " FROM journal j LEFT JOIN name h ON h.id = j.holder LEFT JOIN name i ON i.id = j.item"
    " WHERE j.order_id IS NOT NULL ORDER BY j.order_id, j.kind";

constexpr std::string_view kUnbalancedHolders =
    "SELECT coalesce(name.text, '#' || ids.id), coalesce(now.balance, 0), coalesce(sums.balance, 0),"
    "       coalesce(now.granted, 0), coalesce(sums.granted, 0)"
    " FROM (SELECT id FROM name UNION SELECT name_id FROM holding UNION SELECT holder FROM journal) ids"
    " LEFT JOIN name ON name.id = ids.id LEFT JOIN holding_now now ON now.name_id = ids.id"
    " LEFT JOIN (SELECT holder, sum(delta) AS balance, sum(CASE kind WHEN 1 THEN delta ELSE 0 END) AS granted"
    "            FROM journal GROUP BY holder) sums ON sums.holder = ids.id"
    " WHERE coalesce(now.balance, 0) <> coalesce(sums.balance, 0) OR coalesce(now.granted, 0) <> "
    "coalesce(sums.granted, 0)"
    "    OR coalesce(now.balance, 0) < 0 OR coalesce(sums.balance, 0) < 0";

}  // namespace

Result<std::unique_ptr<SqliteAudit>> SqliteAudit::open(const std::string& path, const Terms& terms) {
  auto database = sqlite::Database::open_reader(path);
  if (!database) return tl::unexpected(database.error());
  std::unique_ptr<SqliteAudit> audit(new SqliteAudit(std::move(*database), terms));
  auto snapshot = sqlite::Transaction::begin_read(audit->database_);
  if (!snapshot) return tl::unexpected(snapshot.error());
  audit->snapshot_.emplace(std::move(*snapshot));
  auto rows = audit->database_.prepare(kOperations);
  if (!rows) return tl::unexpected(rows.error());
  audit->rows_ = std::move(*rows);
  return audit;
}

Result<std::optional<Audit::Row>> SqliteAudit::next_row() {
  if (ended_) return std::nullopt;
  const auto stepped = rows_.step();
  if (!stepped) return tl::unexpected(stepped.error());
  ended_ = !*stepped;
  if (ended_) return std::nullopt;
  return to_row({.order = rows_.blob(0),
                 .state = rows_.integer(2),
                 .holder = rows_.text(3),
                 .item = rows_.text(4),
                 .amount = rows_.integer(5),
                 .undo = rows_.integer(1) == 3,
                 .delta = rows_.integer(6)});
}

Result<Audit::Sums> SqliteAudit::add_up() {
  if (auto done = check_holders(); !done) return tl::unexpected(done.error());
  if (auto done = check_sequence(); !done) return tl::unexpected(done.error());
  if (auto done = check_pages(); !done) return tl::unexpected(done.error());
  const auto put_in = database_.query_integer("SELECT sum(delta) FROM journal WHERE kind = 1");
  if (!put_in) return tl::unexpected(put_in.error());
  const auto held = database_.query_integer("SELECT sum(balance) FROM holding_now");
  if (!held) return tl::unexpected(held.error());
  return Sums{*put_in, *held};
}

Result<void> SqliteAudit::check_holders() {
  auto holders = database_.prepare(kUnbalancedHolders);
  if (!holders) return tl::unexpected(holders.error());
  for (;;) {
    const auto row = holders->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return {};
    unbalanced(holders->text(0), {holders->integer(3), holders->integer(1)},
               {holders->integer(4), holders->integer(2)});
  }
}

/// Rows are numbered 1, 2, 3, ...: one that was taken out leaves a gap.
Result<void> SqliteAudit::check_sequence() {
  const auto missing = database_.query_integer(
      "SELECT max(coalesce(max(seq), 0), (SELECT projected_seq FROM projection))"
      " - count(*) FROM journal");
  if (!missing) return tl::unexpected(missing.error());
  if (*missing != 0) violation("journal: " + std::to_string(*missing) + " entries are missing");
  return {};
}

/// What is damaged in a file may be what nobody has read for long: an index, say, or a key.
Result<void> SqliteAudit::check_pages() {
  auto damaged = database_.verify_pages();
  if (!damaged) return tl::unexpected(damaged.error());
  for (auto& page : *damaged) violation(std::move(page));
  return {};
}

}  // namespace ldt::participant
