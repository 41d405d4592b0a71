// Adds everything up again from the journal and compares.
// Depends on platform/sqlite.
#include "participant/storage/audit.h"

#include <utility>

namespace ldt::participant {

namespace {

constexpr std::size_t kMaxViolations = 1000;  // more would tell nobody more

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

std::int64_t expected_delta(const Terms& terms, OperationState state, std::int64_t amount) {
  if (state == OperationState::kDone) return terms.sign * amount;
  if (state == OperationState::kUndone) return -terms.sign * amount;
  return 0;
}

bool state_fits(OperationState state, bool undo) {
  if (undo) return state == OperationState::kUndone || state == OperationState::kTombstone;
  return state == OperationState::kDone || state == OperationState::kRefused;
}

std::string number(std::int64_t value) { return std::to_string(value); }

}  // namespace

Result<std::unique_ptr<Audit>> Audit::open(const std::string& path, const Terms& terms) {
  auto database = sqlite::Database::open_reader(path);
  if (!database) return tl::unexpected(database.error());
  std::unique_ptr<Audit> audit(new Audit(std::move(*database), terms));
  auto snapshot = sqlite::Transaction::begin_read(audit->database_);
  if (!snapshot) return tl::unexpected(snapshot.error());
  audit->snapshot_.emplace(std::move(*snapshot));
  auto rows = audit->database_.prepare(kOperations);
  if (!rows) return tl::unexpected(rows.error());
  audit->rows_ = std::move(*rows);
  return audit;
}

Result<std::optional<AuditedOperation>> Audit::next() {
  auto row = ahead_ ? Result<std::optional<Row>>(std::exchange(ahead_, std::nullopt)) : next_row();
  if (!row) return tl::unexpected(row.error());
  if (!*row) return std::nullopt;
  check(**row);
  auto following = next_row();
  if (!following) return tl::unexpected(following.error());
  const bool is_pair = *following && (*following)->operation.order == (*row)->operation.order;
  if (!is_pair) {
    if ((*row)->operation.state == OperationState::kUndone) {
      violation("order " + (*row)->operation.order.to_string() + ": was undone but there is no entry of its doing");
    }
    ahead_ = std::move(*following);
    return std::move((*row)->operation);
  }
  check(**following);
  check_pair(**row, **following);
  return std::move((*following)->operation);
}

Result<std::optional<Audit::Row>> Audit::next_row() {
  if (ended_) return std::nullopt;
  const auto stepped = rows_.step();
  if (!stepped) return tl::unexpected(stepped.error());
  ended_ = !*stepped;
  if (ended_) return std::nullopt;
  const auto order = OrderId::from_bytes(rows_.blob(0));
  if (!order) violation("journal: an order id has not 16 bytes");
  auto state = rows_.integer(2);
  if (state < 0 || state >= static_cast<std::int64_t>(kOperationStates)) {
    violation("journal: an operation has a state that there is not: " + std::to_string(state));
    state = 0;
  }
  auto amount = rows_.integer(5);
  if (amount < -kMaxGranted || amount > kMaxGranted) {
    violation("journal: an operation has an amount that cannot be: " + std::to_string(amount));
    amount = 0;
  }
  return Row{.operation = {order.value_or(OrderId{}), static_cast<OperationState>(state), std::string(rows_.text(3)),
                           std::string(rows_.text(4)), amount},
             .undo = rows_.integer(1) == 3,
             .delta = rows_.integer(6)};
}

void Audit::check(const Row& row) {
  const auto& operation = row.operation;
  if (!state_fits(operation.state, row.undo)) {
    violation("order " + operation.order.to_string() + ": an entry has a state that it cannot have");
  }
  const std::int64_t expected = expected_delta(terms_, operation.state, operation.amount);
  if (row.delta == expected) return;
  violation("order " + operation.order.to_string() + ": an entry of " + operation.holder + " moved " +
            number(row.delta) + " where it should have moved " + number(expected));
}

void Audit::check_pair(const Row& done, const Row& undone) {
  const bool fits = done.operation.state == OperationState::kDone && undone.operation.state == OperationState::kUndone;
  const bool same = done.operation.holder == undone.operation.holder && done.operation.item == undone.operation.item &&
                    done.operation.amount == undone.operation.amount;
  if (!fits || !same) violation("order " + done.operation.order.to_string() + ": its undo does not reverse its do");
}

Result<AuditTotals> Audit::totals() {
  if (auto done = check_holders(); !done) return tl::unexpected(done.error());
  if (auto done = check_sequence(); !done) return tl::unexpected(done.error());
  if (auto done = check_pages(); !done) return tl::unexpected(done.error());
  const auto put_in = database_.query_integer("SELECT sum(delta) FROM journal WHERE kind = 1");
  if (!put_in) return tl::unexpected(put_in.error());
  const auto held = database_.query_integer("SELECT sum(balance) FROM holding_now");
  if (!held) return tl::unexpected(held.error());
  return AuditTotals{*put_in, *held, std::move(violations_)};
}

Result<void> Audit::check_holders() {
  auto holders = database_.prepare(kUnbalancedHolders);
  if (!holders) return tl::unexpected(holders.error());
  for (;;) {
    const auto row = holders->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return {};
    violation(std::string(holders->text(0)) + ": balance " + number(holders->integer(1)) + ", its entries sum to " +
              number(holders->integer(2)) + "; put in " + number(holders->integer(3)) + ", its entries say " +
              number(holders->integer(4)));
  }
}

/// Rows are numbered 1, 2, 3, ...: one that was taken out leaves a gap.
Result<void> Audit::check_sequence() {
  const auto missing = database_.query_integer(
      "SELECT max(coalesce(max(seq), 0), (SELECT projected_seq FROM projection))"
      " - count(*) FROM journal");
  if (!missing) return tl::unexpected(missing.error());
  if (*missing != 0) violation("journal: " + number(*missing) + " entries are missing");
  return {};
}

/// What is damaged in a file may be what nobody has read for long: an index, say, or a key.
Result<void> Audit::check_pages() {
  auto damaged = database_.verify_pages();
  if (!damaged) return tl::unexpected(damaged.error());
  for (auto& page : *damaged) violation(std::move(page));
  return {};
}

void Audit::violation(std::string text) {
  if (violations_.size() < kMaxViolations) violations_.push_back(std::move(text));
}

}  // namespace ldt::participant
