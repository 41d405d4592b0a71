#include "services/order/storage/sqlite/sqlite_store.h"

#include <utility>

#include "base/check.h"
#include "services/order/storage/sqlite/schema.h"
#include "services/order/storage/stored_order.h"
#include "services/order/storage/stored_text.h"

namespace ldt::order {
namespace {

void bind_optional_text(sqlite::Statement& statement, int parameter, std::string_view text) {
  if (text.empty()) {
    statement.bind_null(parameter);
  } else {
    statement.bind(parameter, text);
  }
}

void bind_step(sqlite::Statement& statement, int parameter, const std::optional<saga::Step>& step) {
  if (step) {
    statement.bind(parameter, static_cast<std::int64_t>(*step));
  } else {
    statement.bind_null(parameter);
  }
}

}  // namespace

Result<SqliteStore> SqliteStore::open(const std::string& path, sqlite::OwnerOptions options, std::int64_t save_every) {
  options.migrations = kMigrations;
  auto database = sqlite::Database::open_owner(path, options);
  if (!database) return tl::unexpected(database.error());
  SqliteStore store(std::move(*database), save_every);
  if (auto prepared = store.prepare(); !prepared) return tl::unexpected(prepared.error());
  return store;
}

Result<void> SqliteStore::prepare() {
  const std::pair<sqlite::Statement*, std::string_view> statements[] = {
      {&insert_,
       "INSERT INTO orders(id, user, sku, quantity, unit_price, idempotency_key, fingerprint, max_attempts, "
       "step_timeout_ms, "
       "on_failure, failures, trace, caller_span, created_us, state, reason, previous) "
       "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,0,0,?15) ON CONFLICT(id) DO NOTHING"},
      {&find_seq_, "SELECT seq FROM orders WHERE id = ?1"},
      {&update_,
       "UPDATE orders SET state = ?3, reason = ?4, failed_step = ?5, attempts = ?6, failures = ?7 WHERE seq = ?1 AND "
       "state = ?2 "
       "AND NOT EXISTS (SELECT 1 FROM order_end WHERE seq = ?1)"},
      {&finish_,
       "INSERT INTO order_end(seq, state, attempts, failures, finished_us) SELECT ?1, ?3, ?4, ?5, ?6 WHERE "
       "(SELECT state FROM orders WHERE seq = ?1) = ?2 ON CONFLICT(seq) DO NOTHING"},
      {&strikes_, "UPDATE orders SET failures = ?2 WHERE seq = ?1"},
      {&end_strikes_, "UPDATE order_end SET failures = ?2, attempts = ?3 WHERE seq = ?1"},
      {&add_sold_, "INSERT INTO sold VALUES(?1, ?2) ON CONFLICT(sku) DO UPDATE SET quantity = quantity + ?2"},
      {&progress_,
       "SELECT coalesce(e.state, o.state), o.reason, o.failed_step, e.finished_us FROM orders o LEFT JOIN order_end e "
       "ON e.seq = o.seq WHERE o.id = ?1"},
      {&find_key_, "SELECT id, fingerprint FROM orders WHERE idempotency_key = ?1"},
  };
  for (const auto& [statement, sql] : statements) {
    auto prepared = database_.prepare(sql);
    if (!prepared) return tl::unexpected(prepared.error());
    *statement = std::move(*prepared);
  }
  return projections_->load(database_);
}

Result<void> SqliteStore::commit(std::span<Write* const> writes) {
  auto transaction = sqlite::Transaction::begin(database_);
  if (!transaction) return tl::unexpected(transaction.error());
  if (auto written = write_all(writes); !written) {
    transaction->rollback();
    roll_back();
    return written;
  }
  transaction->commit();
  projections_->committed();
  return {};
}

Result<void> SqliteStore::write_all(std::span<Write* const> writes) {
  for (Write* each : writes) {
    if (auto written = write(*each); !written) return written;
  }
  if (auto saved = save_sold(); !saved) return saved;
  return projections_->save_slice();
}

Result<void> SqliteStore::write(Write& write) {
  switch (write.kind) {
    case Write::Kind::kInsert:
      if (auto inserted = insert(write); !inserted) return inserted;
      break;
    case Write::Kind::kChange: {
      const auto changed = change(*write.row, write.from, write.to);
      if (!changed) return tl::unexpected(changed.error());
      write.done = *changed;
      break;
    }
    case Write::Kind::kStrikes:
      return save_strikes(*write.row, write.row->seq);
  }
  if (write.done) return {};
  auto found = progress_of(write.row->id);
  if (!found) return tl::unexpected(found.error());
  write.found = *found;
  const std::int64_t seq = write.kind == Write::Kind::kInsert ? write.seq : write.row->seq;
  return write.row->failures.empty() ? Result<void>{} : save_strikes(*write.row, seq);
}

Result<void> SqliteStore::insert(Write& write) {
  const OrderRow& row = *write.row;
  const std::string failures = render_failures(row.failures);
  const std::string trace = trace_bytes(row.trace);
  insert_.reset();
  insert_.bind(1, row.id).bind(2, row.user.text()).bind(3, row.sku.text());
  insert_.bind(4, row.quantity.value).bind(5, row.unit_price.value);
  bind_optional_text(insert_, 6, row.idempotency_key);
  insert_.bind(7, static_cast<std::int64_t>(row.request_fingerprint));
  insert_.bind(8, std::int64_t{row.handling.max_attempts}).bind(9, std::int64_t{row.handling.step_timeout.count()});
  insert_.bind(10, static_cast<std::int64_t>(row.handling.on_failure));
  bind_optional_text(insert_, 11, failures);
  insert_.bind(12, sqlite::Blob{trace});
  if (row.caller_span == SpanId{}) {
    insert_.bind_null(13);
  } else {
    insert_.bind(13, sqlite::Blob{{reinterpret_cast<const char*>(row.caller_span.data()), row.caller_span.size()}});
  }
  auto& user = projections_->user(row.user.text());
  insert_.bind(14, row.created_at.us).bind(15, user.second.seq);
  auto inserted = insert_.run_changed();
  if (!inserted) return tl::unexpected(inserted.error());
  write.done = *inserted;
  if (write.done) {
    write.seq = database_.last_insert_id();
    projections_->inserted(user, write.seq);
    return {};
  }
  find_seq_.reset();
  const auto found = find_seq_.bind(1, row.id).step();
  if (found && *found) write.seq = find_seq_.integer(0);
  find_seq_.reset();
  if (!found) return tl::unexpected(found.error());
  return {};
}

Result<bool> SqliteStore::change(const OrderRow& row, saga::OrderState from, const Progress& to) {
  if (saga::is_final(to.state)) return finish(row, from, to);
  const std::string attempts = render_attempts(row.attempts, row.created_at);
  const std::string failures = render_failures(row.failures);
  update_.reset();
  update_.bind(1, row.seq).bind(2, static_cast<std::int64_t>(from)).bind(3, static_cast<std::int64_t>(to.state));
  update_.bind(4, static_cast<std::int64_t>(to.reason));
  bind_step(update_, 5, to.failed_step);
  update_.bind(6, attempts);
  bind_optional_text(update_, 7, failures);
  return update_.run_changed();
}

Result<bool> SqliteStore::finish(const OrderRow& row, saga::OrderState from, const Progress& to) {
  CHECK(to.finished_at.has_value());
  const std::string attempts = render_attempts(row.attempts, row.created_at);
  const std::string failures = render_failures(row.failures);
  finish_.reset();
  finish_.bind(1, row.seq).bind(2, static_cast<std::int64_t>(from)).bind(3, static_cast<std::int64_t>(to.state));
  finish_.bind(4, attempts);
  bind_optional_text(finish_, 5, failures);
  finish_.bind(6, to.finished_at->us);
  auto finished = finish_.run_changed();
  if (!finished || !*finished) return finished;
  projections_->ended(row.seq);
  if (to.state == saga::OrderState::kCompleted) newly_sold_[row.sku.text()] += row.quantity.value;
  return finished;
}

/// Once a transaction and SKU, not once an order.
Result<void> SqliteStore::save_sold() {
  for (const auto& [sku, quantity] : newly_sold_) {
    add_sold_.reset();
    if (auto added = add_sold_.bind(1, sku).bind(2, quantity).run(); !added) return added;
  }
  newly_sold_.clear();
  return {};
}

Result<void> SqliteStore::save_strikes(const OrderRow& row, std::int64_t seq) {
  const std::string failures = render_failures(row.failures);
  const std::string attempts = render_attempts(row.attempts, row.created_at);
  strikes_.reset();
  auto saved = strikes_.bind(1, seq).bind(2, failures).run();
  if (!saved) return saved;
  end_strikes_.reset();
  return end_strikes_.bind(1, seq).bind(2, failures).bind(3, attempts).run();
}

/// What was kept in memory of a transaction that has not happened.
void SqliteStore::roll_back() {
  newly_sold_.clear();
  projections_->rolled_back();
}

Result<std::optional<Progress>> SqliteStore::progress_of(const OrderId& id) {
  progress_.reset();
  const auto found = progress_.bind(1, id).step();
  if (!found) return tl::unexpected(found.error());
  if (!*found) return std::optional<Progress>{};
  Progress progress;
  progress.state = static_cast<saga::OrderState>(progress_.integer(0));
  progress.reason = static_cast<saga::Outcome>(progress_.integer(1));
  if (!progress_.is_null(2)) progress.failed_step = static_cast<saga::Step>(progress_.integer(2));
  if (!progress_.is_null(3)) progress.finished_at = WallTime{progress_.integer(3)};
  progress_.reset();
  return progress;
}

Result<std::vector<std::optional<KeyOwner>>> SqliteStore::find_keys(std::span<const std::string* const> keys) {
  std::vector<std::optional<KeyOwner>> owners;
  owners.reserve(keys.size());
  for (const std::string* key : keys) {
    auto owner = find_key(*key);
    if (!owner) return tl::unexpected(owner.error());
    owners.push_back(*owner);
  }
  return owners;
}

Result<std::optional<KeyOwner>> SqliteStore::find_key(const std::string& idempotency_key) {
  find_key_.reset();
  const auto found = find_key_.bind(1, idempotency_key).step();
  if (!found) return tl::unexpected(found.error());
  if (!*found) return std::optional<KeyOwner>{};
  const auto id = OrderId::from_bytes(find_key_.blob(0));
  const auto fingerprint = static_cast<std::uint64_t>(find_key_.integer(1));
  find_key_.reset();
  if (!id) return failure(ErrorKind::kInternal, "the order under this idempotency key has a broken id");
  return KeyOwner{*id, fingerprint};
}

Result<std::vector<OrderRow>> SqliteStore::unfinished() {
  auto statement =
      database_.prepare("SELECT " + std::string(kRowColumns) +
                        " FROM orders o LEFT JOIN order_end e ON e.seq = o.seq WHERE e.seq IS NULL AND o.seq > "
                        "(SELECT seq FROM mark WHERE name = 'finished_through') ORDER BY o.seq");
  if (!statement) return tl::unexpected(statement.error());
  std::vector<OrderRow> rows;
  while (true) {
    const auto found = statement->step();
    if (!found) return tl::unexpected(found.error());
    if (!*found) return rows;
    auto row = read_row(*statement);
    if (!row) return tl::unexpected(row.error());
    rows.push_back(std::move(*row));
  }
}

Result<std::vector<std::pair<std::string, Quantity>>> SqliteStore::sold() {
  auto statement = database_.prepare("SELECT sku, quantity FROM sold");
  if (!statement) return tl::unexpected(statement.error());
  std::vector<std::pair<std::string, Quantity>> sold;
  while (true) {
    const auto found = statement->step();
    if (!found) return tl::unexpected(found.error());
    if (!*found) return sold;
    sold.emplace_back(statement->text(0), Quantity{statement->integer(1)});
  }
}

}  // namespace ldt::order
