// The store's part in several engines' life together: leases, and orders that go from one to another.
// Time is the server's alone. Invariant: whoever takes an order says so to the one who drove it (taken_over), in the
// same transaction.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <utility>

#include "base/exit_codes.h"
#include "services/order/storage/postgres/postgres_store.h"
#include "services/order/storage/postgres/schema.h"

namespace ldt::order {

using postgres::Connection;
using postgres::Fate;
using postgres::Parameters;
using postgres_schema::kColumns;
using postgres_schema::row_of;

namespace {

constexpr std::size_t kPortion = 512;                 // orders that are claimed at once
constexpr std::int64_t kClockSlackRows{2'000 << 12};  // replicas' clocks may differ by two seconds
constexpr std::chrono::seconds kLongestLook{60};

postgres::Array array_of(const std::vector<OrderId>& ids) {
  postgres::Array array = postgres::uuids();
  for (const auto& id : ids) array.add(id);
  return array;
}

/// What came from elsewhere may be no UTF-8, which PostgreSQL would refuse, and the lease with it.
std::string in_ascii(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

/// Takes orders over and says so; `which` selects them from `orders o`, as rows (id, owner), $1 being the new owner.
std::string take_sql(const std::string& which) {
  return "WITH taken AS (" + which +
         "), moved AS (UPDATE orders o SET owner = $1 FROM taken WHERE o.id = taken.id RETURNING " + kColumns +
         "), noted AS (INSERT INTO taken_over(replica, id) SELECT owner, id FROM taken WHERE owner <> $1), "
         "lowered AS (UPDATE replica SET oldest_running = least(oldest_running, (SELECT id FROM taken ORDER BY id "
         "LIMIT 1)), "
         "oldest_open = least(oldest_open, (SELECT id FROM taken ORDER BY id LIMIT 1)) WHERE id = $1) "
         "SELECT * FROM moved ORDER BY id";
}

}  // namespace

Result<Attended> PostgresStore::attend(const Attendance& attendance) {
  const auto connection = link_.get();
  if (!connection) return tl::unexpected(connection.error().plain());
  Attended attended;
  const auto gone = keep_lease(**connection, attendance, attended);
  if (!gone) return tl::unexpected(gone.error());
  std::size_t room = attendance.room;
  for (const auto& replica : *gone) {
    if (room == 0 || !is_worth_a_look(replica)) continue;
    auto claimed = claim(**connection, replica, std::min(room, kPortion));
    if (!claimed) break;  // the others may; and the next time
    attended.more |= !claimed->empty();
    room -= std::min(room, claimed->size());
    if (claimed->empty()) settle(**connection, replica);
    std::move(claimed->begin(), claimed->end(), std::back_inserter(attended.adopted));
  }
  return attended;
}

Result<std::vector<PostgresStore::Gone>> PostgresStore::keep_lease(Connection& connection, const Attendance& attendance,
                                                                   Attended& attended) {
  const auto floor = postgres_schema::first_of_row(0);
  Parameters lease;
  lease.integer(replica_).integer(options_.lease.count());
  lease.uuid(attendance.oldest_running.value_or(floor)).uuid(attendance.oldest_open.value_or(floor));
  connection.queue(
      "UPDATE replica SET lease_until = now() + $2 * interval '1 millisecond', oldest_running = $3, oldest_open = $4, "
      "settled = false WHERE id = $1",
      lease);
  postgres::Array let_go = postgres::integers();
  for (const auto n : let_go_) let_go.add(n);
  connection.queue("DELETE FROM taken_over WHERE replica = $1 AND n = ANY($2)",
                   Parameters().integer(replica_).array(let_go));
  // What is still this replica's, or is again, others only ask for.
  connection.queue(
      "SELECT t.n, t.id, o.owner = $1 FROM taken_over t LEFT JOIN orders o ON o.id = t.id WHERE t.replica = $1 ORDER "
      "BY "
      "t.n",
      Parameters().integer(replica_));
  static const std::string kInDoubt =
      "SELECT " + kColumns + " FROM orders o WHERE o.id = ANY($1) AND o.owner = $2 AND o.state < 3";
  connection.queue(kInDoubt, Parameters().array(array_of(attendance.in_doubt)).integer(replica_));
  connection.queue(
      "SELECT id, oldest_running, lease_until < now() - interval '60 seconds' FROM replica "
      "WHERE lease_until < now() AND NOT settled AND id <> $1",
      Parameters().integer(replica_));
  connection.queue("SELECT oldest_open FROM replica WHERE NOT settled ORDER BY oldest_open LIMIT 1");
  show_stuck(connection, attendance.stuck);
  connection.queue(kLockName, Parameters().integer(replica_));  // the connection may be a new one
  const auto rows = connection.flush();
  if (!rows) return tl::unexpected(rows.error().plain());
  if ((*rows)[0].affected() == 0) {
    std::fprintf(stderr, "ldt-order: the other replicas took this one for gone, a day ago: it begins anew\n");
    ::_exit(kCommitInDoubtExitCode);
  }
  let_go_.clear();
  for (int i = 0; i < (*rows)[2].size(); ++i) {
    let_go_.push_back((*rows)[2].integer(i, 0));
    const bool is_own = !(*rows)[2].is_null(i, 2) && (*rows)[2].boolean(i, 2);
    if (const auto id = (*rows)[2].order_id(i, 1)) (is_own ? attended.pushed : attended.lost).push_back(*id);
  }
  auto resolved = postgres_schema::read_rows((*rows)[3]);
  if (!resolved) return tl::unexpected(resolved.error());
  attended.resolved = std::move(*resolved);
  std::vector<Gone> gone;
  for (int i = 0; i < (*rows)[4].size(); ++i) {
    const auto oldest = (*rows)[4].order_id(i, 1);
    gone.push_back({(*rows)[4].integer(i, 0), oldest.value_or(floor), (*rows)[4].boolean(i, 2)});
  }
  std::erase_if(nothing_left_, [&](const auto& known) {
    return std::none_of(gone.begin(), gone.end(), [&](const Gone& replica) { return replica.id == known.first; });
  });
  if (!(*rows)[5].empty()) {
    const auto oldest = (*rows)[5].order_id(0, 0);
    if (oldest) attended.oldest_open = std::max<std::int64_t>(1, row_of(*oldest) - kClockSlackRows);
  }
  return gone;
}

/// Queues what the others' operators shall see.
void PostgresStore::show_stuck(Connection& connection, const std::vector<Saga>& stuck) {
  if (stuck.empty() && !shows_stuck_) return;
  shows_stuck_ = !stuck.empty();
  postgres::Array ids = postgres::uuids();
  postgres::Array steps = postgres::integers(), attempts = postgres::integers();
  postgres::Array errors = postgres::texts();
  for (const auto& saga : stuck) {
    ids.add(saga.id);
    steps.add(static_cast<std::int64_t>(saga.step));
    attempts.add(std::int64_t{saga.attempts});
    errors.add(in_ascii(saga.last_error));
  }
  connection.queue("DELETE FROM stuck WHERE replica = $1", Parameters().integer(replica_));
  connection.queue(
      "INSERT INTO stuck SELECT id, $1, step, attempts, error FROM unnest($2, $3, $4, $5) AS w(id, step, attempts, "
      "error) "
      "ON CONFLICT (id) DO UPDATE SET replica = excluded.replica, step = excluded.step, attempts = excluded.attempts, "
      "error = excluded.error",
      Parameters().integer(replica_).array(ids).array(steps).array(attempts).array(errors));
}

bool PostgresStore::is_worth_a_look(const Gone& gone) const {
  const auto known = nothing_left_.find(gone.id);
  return known == nothing_left_.end() || std::chrono::steady_clock::now() >= known->second.until;
}

Result<std::vector<OrderRow>> PostgresStore::claim(Connection& connection, const Gone& gone, std::size_t room) {
  static const std::string kStillGone =
      "EXISTS (SELECT 1 FROM replica WHERE id = $2 AND lease_until < now()) AND o.owner = $2 AND o.state < 3 ";
  static const std::string kUnsettled = take_sql("SELECT o.id, o.owner FROM orders o WHERE " + kStillGone +
                                                 "AND o.unsettled ORDER BY o.id LIMIT $3 FOR UPDATE SKIP LOCKED");
  static const std::string kRunning = take_sql("SELECT o.id, o.owner FROM orders o WHERE " + kStillGone +
                                               "AND NOT o.unsettled AND o.id >= $4 ORDER BY o.id LIMIT $3 "
                                               "FOR UPDATE SKIP LOCKED");
  const auto half = static_cast<std::int64_t>((room + 1) / 2);
  connection.queue_begin();
  connection.queue(kUnsettled, Parameters().integer(replica_).integer(gone.id).integer(half));
  connection.queue(kRunning, Parameters().integer(replica_).integer(gone.id).integer(half).uuid(gone.oldest_running));
  const auto committed = connection.commit();
  if (committed.fate != Fate::kCommitted) {
    connection.rollback();
    return tl::unexpected(committed.error.plain());
  }
  auto claimed = postgres_schema::read_rows(committed.rows[1]);
  auto running = postgres_schema::read_rows(committed.rows[2]);
  if (!claimed) return claimed;
  if (!running) return running;
  std::move(running->begin(), running->end(), std::back_inserter(*claimed));
  return claimed;
}

/// Nothing was found that it left. Long after it has gone nothing can be added any more, so that nobody looks again;
/// until then, seldom.
void PostgresStore::settle(Connection& connection, const Gone& gone) {
  Pause& pause = nothing_left_[gone.id];
  pause.until = std::chrono::steady_clock::now() + pause.next;
  pause.next = std::min(pause.next * 2, kLongestLook);
  if (!gone.long_ago) return;
  connection.queue_begin();
  connection.queue(
      "UPDATE replica SET settled = true WHERE id = $1 AND lease_until < now() - interval '60 seconds' AND NOT EXISTS "
      "(SELECT 1 FROM orders WHERE owner = $1 AND unsettled) AND NOT EXISTS (SELECT 1 FROM orders WHERE owner = $1 AND "
      "state = 0 AND id >= $2)",
      Parameters().integer(gone.id).uuid(gone.oldest_running));
  connection.queue(
      "WITH gone AS (DELETE FROM sold s USING replica r WHERE s.replica = $1 AND r.id = $1 AND r.settled RETURNING "
      "s.sku, "
      "s.quantity) INSERT INTO sold SELECT sku, 0, quantity FROM gone ORDER BY sku ON CONFLICT (sku, replica) "
      "DO UPDATE SET quantity = sold.quantity + excluded.quantity",
      Parameters().integer(gone.id));
  connection.queue("DELETE FROM stuck WHERE replica = $1 AND EXISTS (SELECT 1 FROM replica WHERE id = $1 AND settled)",
                   Parameters().integer(gone.id));
  connection.queue(
      "WITH gone AS (DELETE FROM replica WHERE settled AND lease_until < now() - interval '1 day' RETURNING id) "
      "DELETE FROM taken_over t USING gone WHERE t.replica = gone.id");
  if (connection.commit().fate != Fate::kCommitted) connection.rollback();
}

Result<std::optional<OrderRow>> PostgresStore::take_over(const OrderId& id) {
  const auto connection = link_.get();
  if (!connection) return tl::unexpected(connection.error().plain());
  static const std::string kTake =
      take_sql("SELECT o.id, o.owner FROM orders o WHERE o.id = $2 AND o.state < 3 FOR UPDATE");
  const auto rows = (*connection)->run(kTake, Parameters().integer(replica_).uuid(id));
  if (!rows) return tl::unexpected(rows.error().plain());
  if (rows->empty()) return std::optional<OrderRow>{};
  auto row = postgres_schema::read_row(*rows, 0);
  if (!row) return tl::unexpected(row.error());
  return std::optional(std::move(*row));
}

/// A note to its driver, once until it is read.
Result<std::optional<OrderRow>> PostgresStore::push(const OrderId& id) {
  const auto connection = link_.get();
  if (!connection) return tl::unexpected(connection.error().plain());
  static const std::string kPush =
      "WITH noted AS (INSERT INTO taken_over(replica, id) SELECT o.owner, o.id FROM orders o WHERE o.id = $1 AND "
      "o.state < 3 AND NOT EXISTS (SELECT 1 FROM taken_over t WHERE t.replica = o.owner AND t.id = o.id)) SELECT " +
      kColumns + " FROM orders o WHERE o.id = $1 AND o.state < 3";
  const auto rows = (*connection)->run(kPush, Parameters().uuid(id));
  if (!rows) return tl::unexpected(rows.error().plain());
  if (rows->empty()) return std::optional<OrderRow>{};
  auto row = postgres_schema::read_row(*rows, 0);
  if (!row) return tl::unexpected(row.error());
  return std::optional(std::move(*row));
}

void PostgresStore::leave() {
  const auto connection = link_.get();
  if (!connection) return;
  static_cast<void>(
      (*connection)->run("UPDATE replica SET lease_until = '-infinity' WHERE id = $1", Parameters().integer(replica_)));
}

}  // namespace ldt::order
