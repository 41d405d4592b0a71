#include "services/order/storage/postgres/postgres_store.h"

#include <algorithm>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "services/order/storage/postgres/order_arrays.h"
#include "services/order/storage/postgres/schema.h"

namespace ldt::order {

using postgres::Connection;
using postgres::ErrorClass;
using postgres::Fate;
using postgres::Parameters;
using postgres::Rows;
using postgres_schema::kColumns;
using postgres_schema::row_of;

namespace {

constexpr int kTries = 3;  // of a transaction that another one got in the way of
constexpr std::chrono::seconds kPatienceAtStart{10};

Progress progress_at(const Rows& rows, int row) {
  Progress progress;
  progress.state = static_cast<saga::OrderState>(rows.integer(row, 1));
  progress.reason = static_cast<saga::Outcome>(rows.integer(row, 2));
  if (!rows.is_null(row, 3)) progress.failed_step = static_cast<saga::Step>(rows.integer(row, 3));
  if (!rows.is_null(row, 4)) progress.finished_at = WallTime{rows.integer(row, 4)};
  return progress;
}

/// Those of a statement that gave back the ids of what it wrote.
void mark_done(const Rows& ids, std::span<Write* const> writes) {
  if (ids.size() == static_cast<int>(writes.size())) {
    for (Write* write : writes) write->done = true;
    return;
  }
  std::unordered_set<OrderId> done;
  for (int i = 0; i < ids.size(); ++i) {
    if (const auto id = ids.order_id(i, 0)) done.insert(*id);
  }
  for (Write* write : writes) write->done = done.contains(write->row->id);
}

struct ByKind {
  explicit ByKind(std::span<Write* const> writes) {
    for (Write* write : writes) {
      auto& list = write->kind == Write::Kind::kInsert   ? inserts
                   : write->kind == Write::Kind::kChange ? changes
                                                         : strikes;
      list.push_back(write);
    }
    // All engines lock in the same order.
    const auto older = [](const Write* a, const Write* b) { return a->row->id < b->row->id; };
    std::sort(changes.begin(), changes.end(), older);
    std::sort(strikes.begin(), strikes.end(), older);
  }
  std::vector<Write*> inserts, changes, strikes;
};

}  // namespace

PostgresStore::PostgresStore(Options options) : options_(std::move(options)), link_(options_.connection) {}

Result<std::unique_ptr<PostgresStore>> PostgresStore::open(Options options) {
  std::unique_ptr<PostgresStore> store(new PostgresStore(std::move(options)));
  if (auto enrolled = store->enroll(); !enrolled) return tl::unexpected(enrolled.error());
  return store;
}

Result<void> PostgresStore::enroll() {
  const auto until = std::chrono::steady_clock::now() + kPatienceAtStart;
  while (true) {
    const auto connection = link_.get();
    postgres::Result<Rows> rows = tl::unexpected(connection ? postgres::Error{} : connection.error());
    if (connection) {
      OrderIdGenerator ids;
      const OrderId floor = ids.next(SystemClock().wall(), 0);
      rows = (*connection)
                 ->run(
                     "INSERT INTO replica(name, lease_until, oldest_running, oldest_open) "
                     "VALUES($1, now() + $2 * interval '1 millisecond', $3, $3) ON CONFLICT (name) DO UPDATE "
                     "SET lease_until = excluded.lease_until, settled = false RETURNING id",
                     Parameters().text(options_.replica).integer(options_.lease.count()).uuid(floor));
    }
    if (rows) {
      replica_ = rows->integer(0, 0);
      return claim_name(**connection);
    }
    const bool away = rows.error().kind == ErrorClass::kConnection || rows.error().kind == ErrorClass::kRetry;
    if (!away || std::chrono::steady_clock::now() > until) return tl::unexpected(rows.error().plain());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

/// The server releases the lock as soon as the process that had it is gone, so one that was killed comes back at once.
Result<void> PostgresStore::claim_name(Connection& connection) const {
  const auto until = std::chrono::steady_clock::now() + options_.lease;
  while (true) {
    const auto locked = connection.run(kLockName, Parameters().integer(replica_));
    if (!locked) return tl::unexpected(locked.error().plain());
    if (locked->boolean(0, 0)) return {};
    if (std::chrono::steady_clock::now() > until) {
      return failure(ErrorKind::kConflict, "another process is the replica " + options_.replica +
                                               " of this database: each needs a name of its own (--replica)");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

// --- transactions ---

Result<void> PostgresStore::commit(std::span<Write* const> writes) {
  if (writes.empty()) return {};
  for (int attempt = 1;; ++attempt) {
    const auto connection = link_.get();
    if (!connection) return tl::unexpected(connection.error().plain());
    Outcome outcome = write(**connection, writes);
    if (!outcome.again || attempt >= kTries) return std::move(outcome.result);
  }
}

namespace {

/// Of a COMMIT that did not succeed.
Result<void> failed(Connection& connection, const postgres::Committed& committed) {
  if (committed.fate == Fate::kRolledBack) {
    connection.rollback();
    return tl::unexpected(committed.error.plain());
  }
  return failure(ErrorKind::kUnknown, "PostgreSQL was lost in COMMIT: " + committed.error.detail);
}

}  // namespace

/// One round trip where every write finds what it expects.
PostgresStore::Outcome PostgresStore::write(Connection& connection, std::span<Write* const> writes) {
  const ByKind kinds(writes);
  connection.queue_begin();
  if (!kinds.inserts.empty()) connection.queue(kInsertOrders, insert_parameters(replica_, kinds.inserts));
  if (!kinds.changes.empty()) connection.queue(kChangeOrders, change_parameters(replica_, kinds.changes));
  if (!kinds.strikes.empty()) connection.queue(kSaveStrikes, strikes_parameters(kinds.strikes));
  const auto committed = connection.commit();
  if (committed.fate != Fate::kCommitted) {
    return {failed(connection, committed), committed.error.kind == ErrorClass::kRetry};
  }
  std::size_t statement = 1;  // behind BEGIN
  if (!kinds.inserts.empty()) mark_done(committed.rows[statement++], kinds.inserts);
  if (!kinds.changes.empty()) mark_done(committed.rows[statement], kinds.changes);
  std::vector<Write*> conflicts;
  for (Write* write : writes) {
    if (write->done && write->kind == Write::Kind::kInsert) write->seq = row_of(write->row->id);
    if (!write->done && write->kind != Write::Kind::kStrikes) conflicts.push_back(write);
  }
  if (conflicts.empty()) return {};
  Outcome settled = settle_conflicts(connection, conflicts);
  // What was committed above is found the next time.
  if (!settled.result) settled.result.error().kind = ErrorKind::kUnknown;
  return settled;
}

/// With the rows locked: what was found cannot change before the engine acts on it, but by what it has lost to.
PostgresStore::Outcome PostgresStore::settle_conflicts(Connection& connection, std::span<Write* const> writes) {
  postgres::Array ids = postgres::uuids();
  postgres::Array keys = postgres::texts();
  for (const Write* write : writes) {
    ids.add(write->row->id);
    if (write->kind == Write::Kind::kInsert && !write->row->idempotency_key.empty())
      keys.add(write->row->idempotency_key);
  }
  connection.queue_begin();
  connection.queue(
      "SELECT id, state, reason, failed_step, finished_us FROM orders WHERE id = ANY($1) ORDER BY id FOR UPDATE",
      Parameters().array(ids));
  connection.queue("SELECT idempotency_key, id, fingerprint FROM orders WHERE idempotency_key = ANY($1)",
                   Parameters().array(keys));
  const auto read = connection.flush();
  if (!read) {
    connection.rollback();
    return {tl::unexpected(read.error().plain()), read.error().kind == ErrorClass::kRetry};
  }
  std::unordered_map<OrderId, Progress> found;
  for (int i = 0; i < (*read)[1].size(); ++i) {
    if (const auto id = (*read)[1].order_id(i, 0)) found.emplace(*id, progress_at((*read)[1], i));
  }
  std::unordered_map<std::string_view, KeyOwner> owners;
  for (int i = 0; i < (*read)[2].size(); ++i) {
    const Rows& rows = (*read)[2];
    if (const auto id = rows.order_id(i, 1)) {
      owners.emplace(rows.text(i, 0), KeyOwner{*id, static_cast<std::uint64_t>(rows.integer(i, 2))});
    }
  }
  std::vector<Write*> again;
  std::vector<Write*> strikes;
  for (Write* write : writes) {
    const auto row = found.find(write->row->id);
    const auto owner = owners.find(write->row->idempotency_key);
    write->found = row == found.end() ? std::nullopt : std::optional(row->second);
    if (write->kind == Write::Kind::kInsert) {
      if (write->found) {
        write->seq = row_of(write->row->id);
      } else if (owner != owners.end()) {
        write->key_of = owner->second;
      } else {
        connection.rollback();
        return {failure(ErrorKind::kUnavailable, "this replica has been without a lease for too long"), false};
      }
    } else if (write->found && write->found->state == write->from) {
      again.push_back(write);  // it was something else for a moment
      continue;
    }
    if (write->found && !write->row->failures.empty()) strikes.push_back(write);
  }
  if (!again.empty()) connection.queue(kChangeOrders, change_parameters(replica_, again));
  if (!strikes.empty()) connection.queue(kSaveStrikes, strikes_parameters(strikes));
  const auto committed = connection.commit();
  if (committed.fate != Fate::kCommitted) {
    return {failed(connection, committed), committed.error.kind == ErrorClass::kRetry};
  }
  if (!again.empty()) mark_done(committed.rows[0], again);
  return {};
}

// --- reads ---

Result<std::vector<std::optional<KeyOwner>>> PostgresStore::find_keys(std::span<const std::string* const> keys) {
  const auto connection = link_.get();
  if (!connection) return tl::unexpected(connection.error().plain());
  postgres::Array wanted = postgres::texts();
  for (const std::string* key : keys) wanted.add(*key);
  const auto rows = (*connection)
                        ->run("SELECT idempotency_key, id, fingerprint FROM orders WHERE idempotency_key = ANY($1)",
                              Parameters().array(wanted));
  if (!rows) return tl::unexpected(rows.error().plain());
  std::unordered_map<std::string_view, KeyOwner> owners;
  for (int i = 0; i < rows->size(); ++i) {
    const auto id = rows->order_id(i, 1);
    if (!id) return failure(ErrorKind::kInternal, "the order under an idempotency key has a broken id");
    owners.emplace(rows->text(i, 0), KeyOwner{*id, static_cast<std::uint64_t>(rows->integer(i, 2))});
  }
  std::vector<std::optional<KeyOwner>> found;
  found.reserve(keys.size());
  for (const std::string* key : keys) {
    const auto owner = owners.find(*key);
    found.push_back(owner == owners.end() ? std::nullopt : std::optional(owner->second));
  }
  return found;
}

Result<std::vector<OrderRow>> PostgresStore::unfinished() {
  const auto connection = link_.get();
  if (!connection) return tl::unexpected(connection.error().plain());
  static const std::string kUnfinished =
      "SELECT " + kColumns + " FROM orders o WHERE o.owner = $1 AND o.unsettled UNION ALL SELECT " + kColumns +
      " FROM orders o WHERE o.owner = $1 AND NOT o.unsettled AND o.state = 0 AND o.id >= (SELECT oldest_running FROM "
      "replica WHERE id = $1) ORDER BY id";
  const auto rows = (*connection)->run(kUnfinished, Parameters().integer(replica_));
  if (!rows) return tl::unexpected(rows.error().plain());
  return postgres_schema::read_rows(*rows);
}

Result<std::vector<std::pair<std::string, Quantity>>> PostgresStore::sold() {
  return std::vector<std::pair<std::string, Quantity>>{};
}

}  // namespace ldt::order
