// Adds everything up again from the journal and compares.
#include "participant/storage/postgres/postgres_audit.h"

#include <chrono>
#include <string>
#include <utility>

namespace ldt::participant {

namespace {

constexpr std::chrono::minutes kPatience{10};

/// Whoever reads the audit may be slow.
constexpr const char* kSnapshot =
    "SET idle_in_transaction_session_timeout = '10min'; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
    " DECLARE operation NO SCROLL CURSOR FOR"
    " SELECT j.order_id, j.event, coalesce(h.name, '#' || j.holder), coalesce(j.item, ''), j.amount, j.delta"
    " FROM journal j LEFT JOIN holder h ON h.id = j.holder"
    " WHERE j.order_id IS NOT NULL ORDER BY j.order_id, (j.event = 4)";
constexpr std::string_view kFetch = "FETCH 2000 FROM operation";

constexpr std::string_view kUnbalancedHolders =
    "SELECT coalesce(h.name, '#' || s.holder), coalesce(h.balance, 0), coalesce(s.balance, 0),"
    "       coalesce(h.granted, 0), coalesce(s.granted, 0)"
    " FROM holder h FULL JOIN"
    "   (SELECT holder, sum(delta)::bigint AS balance,"
    "           coalesce(sum(delta) FILTER (WHERE event = 5), 0)::bigint AS granted"
    "    FROM journal GROUP BY holder) s ON s.holder = h.id"
    " WHERE coalesce(h.balance, 0) <> coalesce(s.balance, 0) OR coalesce(h.granted, 0) <> coalesce(s.granted, 0)"
    "    OR h.balance < 0 OR s.balance < 0 OR (NOT h.is_open AND s.balance <> 0)"
    " LIMIT 1000";

/// An entry that was taken out is missed by the one behind it, or by its holder.
constexpr std::string_view kBrokenChains =
    "SELECT (SELECT count(*) FROM (SELECT previous, lag(seq, 1, 0::bigint) OVER (PARTITION BY holder ORDER BY seq)"
    "         AS expected FROM journal WHERE event IN (1, 4, 5)) chain WHERE previous <> expected)"
    " + (SELECT count(*) FROM holder h WHERE h.last_entry <> 0"
    "    AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.seq = h.last_entry AND j.holder = h.id))";

/// Operations without an order's id do not come up among the operations.
constexpr std::string_view kStrays =
    "SELECT count(*) FROM journal WHERE (order_id IS NULL) <> (event IN (5, 6)) OR event NOT BETWEEN 1 AND 6";

constexpr std::string_view kSums =
    "SELECT (SELECT coalesce(sum(delta), 0)::bigint FROM journal WHERE event = 5),"
    " (SELECT coalesce(sum(balance), 0)::bigint FROM holder)";

}  // namespace

Result<std::unique_ptr<PostgresAudit>> PostgresAudit::open(const postgres::ConnectionOptions& options,
                                                           const Terms& terms) {
  auto connection = postgres::Connection::open(options);
  if (!connection) return tl::unexpected(connection.error().plain());
  (*connection)->set_patience(kPatience);
  if (auto taken = (*connection)->script(kSnapshot); !taken) return tl::unexpected(taken.error().plain());
  std::unique_ptr<PostgresAudit> audit(new PostgresAudit(std::move(*connection), terms));
  // The snapshot is taken by the first statement that reads.
  auto first = audit->connection_->run(kFetch);
  if (!first) return tl::unexpected(first.error().plain());
  audit->rows_.emplace(std::move(*first));
  return audit;
}

Result<std::optional<Audit::Row>> PostgresAudit::next_row() {
  if (row_ == rows_->size()) {
    if (rows_->empty()) return std::nullopt;
    auto fetched = connection_->run(kFetch);
    if (!fetched) return tl::unexpected(fetched.error().plain());
    rows_.emplace(std::move(*fetched));
    row_ = 0;
    if (rows_->empty()) return std::nullopt;
  }
  const int row = row_++;
  const std::int64_t state = rows_->integer(row, 1);
  const bool undo = state == static_cast<std::int64_t>(kTombstone) || state == static_cast<std::int64_t>(kUndone);
  return to_row({.order = rows_->text(row, 0),
                 .state = state,
                 .holder = rows_->text(row, 2),
                 .item = rows_->text(row, 3),
                 .amount = rows_->integer(row, 4),
                 .undo = undo,
                 .delta = rows_->integer(row, 5)});
}

Result<Audit::Sums> PostgresAudit::add_up() {
  if (auto done = check_holders(); !done) return tl::unexpected(done.error());
  if (auto done = check_chains(); !done) return tl::unexpected(done.error());
  if (auto done = check_strays(); !done) return tl::unexpected(done.error());
  const auto sums = connection_->run(kSums);
  if (!sums) return tl::unexpected(sums.error().plain());
  return Sums{sums->integer(0, 0), sums->integer(0, 1)};
}

Result<void> PostgresAudit::check_holders() {
  const auto rows = connection_->run(kUnbalancedHolders);
  if (!rows) return tl::unexpected(rows.error().plain());
  for (int i = 0; i < rows->size(); ++i) {
    unbalanced(rows->text(i, 0), {rows->integer(i, 3), rows->integer(i, 1)},
               {rows->integer(i, 4), rows->integer(i, 2)});
  }
  return {};
}

Result<void> PostgresAudit::check_chains() {
  const auto rows = connection_->run(kBrokenChains);
  if (!rows) return tl::unexpected(rows.error().plain());
  if (rows->integer(0, 0) != 0) {
    violation("journal: " + std::to_string(rows->integer(0, 0)) + " entries do not name the one before them");
  }
  return {};
}

Result<void> PostgresAudit::check_strays() {
  const auto rows = connection_->run(kStrays);
  if (!rows) return tl::unexpected(rows.error().plain());
  if (rows->integer(0, 0) != 0) {
    violation("journal: " + std::to_string(rows->integer(0, 0)) + " entries are of no kind that there is");
  }
  return {};
}

}  // namespace ldt::participant
