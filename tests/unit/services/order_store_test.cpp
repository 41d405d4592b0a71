// The engine's stores and the archives beside them, over SQLite and over PostgreSQL, by the same tests.
// Depends on the order service's storage and a PostgreSQL of this program's own.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>

#include "services/order/storage/postgres/postgres_storage.h"
#include "services/order/storage/sqlite/sqlite_storage.h"
#include "unit/services/order_rows.h"
#include "unit/support/shared_server.h"

namespace ldt::order {
namespace {

using saga::OrderState;
using saga::Outcome;

struct OverSqlite {
  OverSqlite() : folder(std::filesystem::temp_directory_path() / ("ldt-order-store-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(folder);
    storage = std::make_unique<SqliteStorage>(folder / "order.db");
  }
  ~OverSqlite() { std::filesystem::remove_all(folder); }
  std::filesystem::path folder;
  std::unique_ptr<Storage> storage;
};

struct OverPostgres {
  OverPostgres() {
    const auto url = testing::shared_server().make_database();
    if (auto migrated = PostgresStorage::migrate(url); !migrated) throw std::runtime_error(migrated.error().detail);
    auto connected = PostgresStorage::connect({.url = url});
    if (!connected) throw std::runtime_error(connected.error().detail);
    storage = std::move(*connected);
  }
  std::unique_ptr<Storage> storage;
};

template <class Over>
class OrderStore : public ::testing::Test {
 protected:
  OrderStore() : store_(open(over_.storage->open_store())), archive_(open(over_.storage->open_archive())) {}

  template <class T>
  static std::unique_ptr<T> open(Result<std::unique_ptr<T>> opened) {
    if (!opened) throw std::runtime_error(opened.error().detail);
    return std::move(*opened);
  }
  Result<void> commit(std::vector<Write*> writes) { return store_->commit(writes); }
  /// Commits one write, which must not fail, and gives what became of it.
  Write write(Write write) {
    const auto done = commit({&write});
    EXPECT_TRUE(done) << done.error().detail;
    return write;
  }
  OrderRow stored(OrderRow row) {
    row.seq = write(insertion(row)).seq;
    return row;
  }
  void end(const OrderRow& row, OrderState state = OrderState::kCompleted) {
    if (state == OrderState::kReverted) {
      EXPECT_TRUE(write(change(row, OrderState::kRunning, OrderState::kReverting, Outcome::kTimeout)).done);
      EXPECT_TRUE(write(change(row, OrderState::kReverting, state, Outcome::kTimeout)).done);
    } else {
      EXPECT_TRUE(write(change(row, OrderState::kRunning, state)).done);
    }
  }
  std::vector<OrderId> list(const ListQuery& query) {
    std::vector<OrderId> ids;
    const auto page = archive_->list(query);
    EXPECT_TRUE(page) << page.error().detail;
    for (const auto& order : page->orders) ids.push_back(order.id);
    return ids;
  }

  Over over_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<OrderArchive> archive_;
};

using Storages = ::testing::Types<OverSqlite, OverPostgres>;
TYPED_TEST_SUITE(OrderStore, Storages);

TYPED_TEST(OrderStore, ShowsAnAcceptedOrderAsItWasGiven) {
  auto row = accepted_row("zo\xC3\xAB", "key-1");
  row.failures.push_back(struck(1));
  row.handling.on_failure = saga::OnFailure::kHold;
  row.caller_span = {1, 2, 3, 4, 5, 6, 7, 8};
  const auto inserted = this->write(insertion(row));
  EXPECT_TRUE(inserted.done);
  EXPECT_NE(inserted.seq, 0);
  const auto rows = this->store_->unfinished();
  ASSERT_TRUE(rows) << rows.error().detail;
  ASSERT_EQ(rows->size(), 1U);
  const OrderRow& found = rows->front();
  EXPECT_EQ(found.id, row.id);
  EXPECT_EQ(found.seq, inserted.seq);
  EXPECT_EQ(found.user, row.user);
  EXPECT_EQ(found.total, row.total);
  EXPECT_EQ(found.idempotency_key, row.idempotency_key);
  EXPECT_EQ(found.request_fingerprint, row.request_fingerprint);
  EXPECT_EQ(found.handling.on_failure, row.handling.on_failure);
  EXPECT_EQ(found.handling.step_timeout, row.handling.step_timeout);
  EXPECT_EQ(found.trace.trace_id, row.trace.trace_id);
  EXPECT_EQ(found.caller_span, row.caller_span);
  EXPECT_EQ(found.created_at, row.created_at);
  ASSERT_EQ(found.failures.size(), 1U);
  EXPECT_EQ(found.failures.front().struck, 1U);
}

TYPED_TEST(OrderStore, AcceptsAnOrderOnceHoweverOftenItIsTried) {
  const auto row = accepted_row();
  EXPECT_TRUE(this->write(insertion(row)).done);
  const auto again = this->write(insertion(row));
  EXPECT_FALSE(again.done);
  EXPECT_NE(again.seq, 0);
  ASSERT_TRUE(again.found.has_value());
  EXPECT_EQ(again.found->state, OrderState::kRunning);
  EXPECT_EQ(this->store_->unfinished()->size(), 1U);
}

TYPED_TEST(OrderStore, WritesAllOfABatchOrTellsWhatWasNotAsExpected) {
  const auto first = this->stored(accepted_row());
  const auto second = this->stored(accepted_row());
  this->end(second, OrderState::kReverted);
  const auto third = accepted_row();
  auto done = change(first, OrderState::kRunning, OrderState::kCompleted);
  auto late = change(second, OrderState::kRunning, OrderState::kCompleted);
  auto fresh = insertion(third);
  const auto absent_row = accepted_row();
  auto absent = change(absent_row, OrderState::kRunning, OrderState::kReverting, Outcome::kUnknown);
  ASSERT_TRUE(this->commit({&done, &late, &fresh, &absent}));
  EXPECT_TRUE(done.done);
  EXPECT_TRUE(fresh.done);
  EXPECT_FALSE(late.done);
  ASSERT_TRUE(late.found.has_value());
  EXPECT_EQ(late.found->state, OrderState::kReverted);
  EXPECT_EQ(late.found->reason, Outcome::kTimeout);
  EXPECT_EQ(late.found->failed_step, saga::Step::kReserve);
  EXPECT_TRUE(late.found->finished_at.has_value());
  EXPECT_FALSE(absent.done);
  EXPECT_FALSE(absent.found.has_value());
  EXPECT_EQ(this->archive_->get(second.id)->state, OrderState::kReverted);
}

TYPED_TEST(OrderStore, ChangesOnlyWhatIsAsExpected) {
  const auto held = this->stored(accepted_row());
  EXPECT_TRUE(this->write(change(held, OrderState::kRunning, OrderState::kHeld, Outcome::kTimeout)).done);
  EXPECT_FALSE(this->write(change(held, OrderState::kRunning, OrderState::kReverting, Outcome::kUnknown)).done);
  EXPECT_EQ(this->archive_->get(held.id)->state, OrderState::kHeld);
  const auto ended = this->stored(accepted_row());
  this->end(ended);
  EXPECT_FALSE(this->write(change(ended, OrderState::kRunning, OrderState::kReverting, Outcome::kUnknown)).done);
  EXPECT_EQ(this->archive_->get(ended.id)->state, OrderState::kCompleted);
}

TYPED_TEST(OrderStore, HoldsAndResumesAnOrder) {
  const auto row = this->stored(accepted_row());
  EXPECT_TRUE(this->write(change(row, OrderState::kRunning, OrderState::kHeld, Outcome::kTimeout)).done);
  EXPECT_FALSE(this->write(change(row, OrderState::kRunning, OrderState::kCompleted)).done);
  EXPECT_EQ(this->store_->unfinished()->front().reason, Outcome::kTimeout);
  EXPECT_TRUE(this->write(change(row, OrderState::kHeld, OrderState::kRunning)).done);
  EXPECT_EQ(this->store_->unfinished()->size(), 1U);
  EXPECT_TRUE(this->write(change(row, OrderState::kRunning, OrderState::kCompleted)).done);
  EXPECT_TRUE(this->store_->unfinished()->empty());
  const auto view = this->archive_->get(row.id);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->outcome, Outcome::kSuccess);
  EXPECT_EQ(view->attempts.size(), 1U);
}

TYPED_TEST(OrderStore, SavesStrikesWhateverBecomesOfTheWrite) {
  auto row = accepted_row();
  row.failures.push_back(struck(0));
  row = this->stored(row);
  this->end(row);
  row.failures.front().struck = 2;
  row.attempts.push_back({saga::Step::kFinish, 1, Outcome::kSuccess, row.created_at});
  EXPECT_FALSE(this->write(change(row, OrderState::kRunning, OrderState::kCompleted)).done);
  EXPECT_EQ(this->archive_->get(row.id)->failures.front().struck, 2U);
  row.failures.front().struck = 3;
  this->write({.kind = Write::Kind::kStrikes, .row = &row});
  const auto view = this->archive_->get(row.id);
  EXPECT_EQ(view->failures.front().struck, 3U);
  EXPECT_EQ(view->attempts.size(), 2U);
}

TYPED_TEST(OrderStore, FindsKeysInTheOrderAsked) {
  const auto first = this->stored(accepted_row("alice", "key-1"));
  const auto second = this->stored(accepted_row("alice", "key-2"));
  this->end(first, OrderState::kReverted);
  this->end(second);
  const std::string one = "key-1", two = "key-2", none = "key-3";
  const std::vector<const std::string*> keys{&two, &none, &one};
  const auto owners = this->store_->find_keys(keys);
  ASSERT_TRUE(owners) << owners.error().detail;
  ASSERT_EQ(owners->size(), 3U);
  EXPECT_EQ((*owners)[0]->order, second.id);
  EXPECT_FALSE((*owners)[1].has_value());
  EXPECT_EQ((*owners)[2]->order, first.id);
  EXPECT_EQ((*owners)[2]->request_fingerprint, first.request_fingerprint);
}

TYPED_TEST(OrderStore, CountsWhatWasSoldOnce) {
  for (int i = 0; i < 3; ++i) this->end(this->stored(accepted_row()));
  const auto row = this->stored(accepted_row());
  this->end(row);
  EXPECT_FALSE(this->write(change(row, OrderState::kRunning, OrderState::kCompleted)).done);
  this->end(this->stored(accepted_row()), OrderState::kReverted);
  const auto sold = this->archive_->sold({{"late-day", "never-sold"}});
  ASSERT_TRUE(sold) << sold.error().detail;
  EXPECT_EQ((*sold)[0].value, 8);
  EXPECT_EQ((*sold)[1].value, 0);
}

TYPED_TEST(OrderStore, ListsByWhatIsAskedNewestFirst) {
  std::vector<OrderRow> rows;
  for (const auto* user : {"alice", "bob", "alice", "alice"}) rows.push_back(this->stored(accepted_row(user)));
  this->end(rows[0]);
  this->end(rows[1]);
  this->end(rows[2], OrderState::kReverted);
  this->end(rows[3]);
  const auto alice = UserName::parse("alice");
  using Ids = std::vector<OrderId>;
  EXPECT_EQ(this->list({}), (Ids{rows[3].id, rows[2].id, rows[1].id, rows[0].id}));
  EXPECT_EQ(this->list({.user = alice}), (Ids{rows[3].id, rows[2].id, rows[0].id}));
  EXPECT_EQ(this->list({.state = OrderState::kCompleted}), (Ids{rows[3].id, rows[1].id, rows[0].id}));
  EXPECT_EQ(this->list({.outcome = Outcome::kSuccess}), (Ids{rows[3].id, rows[1].id, rows[0].id}));
  EXPECT_EQ(this->list({.outcome = Outcome::kTimeout}), (Ids{rows[2].id}));
  EXPECT_EQ(this->list({.failed_step = saga::Step::kReserve}), (Ids{rows[2].id}));
  EXPECT_EQ(this->list({.user = alice, .before = rows[2].id}), (Ids{rows[0].id}));
  const auto page = this->archive_->list({.limit = 2});
  EXPECT_EQ(page->next_before, rows[2].id);
  EXPECT_FALSE(this->archive_->list({.limit = 4})->next_before.has_value());
}

TYPED_TEST(OrderStore, ListsEachOrderOnceHoweverItIsPaged) {
  std::vector<OrderId> newest_first;
  for (int i = 0; i < 5; ++i) newest_first.insert(newest_first.begin(), this->stored(accepted_row()).id);
  for (const bool of_user : {false, true}) {
    std::vector<OrderId> listed;
    ListQuery query;
    query.limit = 2;
    if (of_user) query.user = UserName::parse("alice").value();
    do {
      const auto page = this->archive_->list(query);
      ASSERT_TRUE(page) << page.error().detail;
      for (const auto& order : page->orders) listed.push_back(order.id);
      query.before = page->next_before;
    } while (query.before && listed.size() < 20);
    EXPECT_EQ(listed, newest_first) << (of_user ? "of one user" : "of all");
  }
}

TYPED_TEST(OrderStore, TellsWhatHasEndedSinceAMoment) {
  std::vector<OrderRow> rows;
  for (int i = 0; i < 250; ++i) rows.push_back(this->stored(accepted_row(i % 2 == 0 ? "alice" : "bob")));
  for (std::size_t i = 0; i + 1 < rows.size(); ++i) this->end(rows[i]);
  EndedQuery query{rows[1].seq, rows.back().seq, {0}, {}};
  std::vector<OrderId> told;
  while (query.from <= query.through) {
    const auto page = this->archive_->ended(query);
    ASSERT_TRUE(page) << page.error().detail;
    ASSERT_GT(page->next, query.from);
    for (const auto& order : page->orders) told.push_back(order.view.id);
    query.from = page->next;
  }
  ASSERT_EQ(told.size(), rows.size() - 2);  // neither the first, which is before, nor the last, which is open
  for (std::size_t i = 0; i < told.size(); ++i) EXPECT_EQ(told[i], rows[i + 1].id);
  query = {rows[0].seq, rows.back().seq, {rows[200].created_at.us + 1'000'000}, UserName::parse("bob")};
  EXPECT_EQ(this->archive_->ended(query)->orders.size(), 24U);
  EXPECT_EQ(this->archive_->newest(), rows.back().seq);
}

TYPED_TEST(OrderStore, AuditsEveryOrderByItsId) {
  const auto first = this->stored(accepted_row());
  const auto second = this->stored(accepted_row());
  this->end(first);
  ASSERT_TRUE(this->archive_->begin_audit());
  auto next = this->archive_->next_audited();
  ASSERT_TRUE(next && *next);
  EXPECT_EQ((*next)->id, first.id);
  EXPECT_EQ((*next)->state, OrderState::kCompleted);
  EXPECT_EQ((*next)->total, 20);
  this->stored(accepted_row());  // not in the snapshot
  next = this->archive_->next_audited();
  ASSERT_TRUE(next && *next);
  EXPECT_EQ((*next)->id, second.id);
  next = this->archive_->next_audited();
  ASSERT_TRUE(next);
  EXPECT_FALSE(next->has_value());
  this->archive_->end_audit();
  EXPECT_TRUE(*this->archive_->exists(second.id));
  EXPECT_FALSE(*this->archive_->exists(accepted_row().id));
  EXPECT_EQ(this->archive_->get(accepted_row().id).error().kind, ErrorKind::kNotFound);
}

using SqliteOrderStore = OrderStore<OverSqlite>;

TEST_F(SqliteOrderStore, ForgetsABatchThatFailsAsAWhole) {
  const auto row = stored(accepted_row());
  stored(accepted_row("alice", "one-key"));
  const auto other = accepted_row("bob", "one-key");  // the engine never lets it come to that
  auto completed = change(row, OrderState::kRunning, OrderState::kCompleted);
  auto refused = insertion(other);
  ASSERT_FALSE(commit({&completed, &refused}));
  EXPECT_EQ(archive_->get(row.id)->state, OrderState::kRunning);
  EXPECT_FALSE(archive_->get(other.id));
  end(row);
  EXPECT_EQ(archive_->sold({{"late-day"}})->front().value, 2) << "sold once, though it was written twice";
}

TEST_F(SqliteOrderStore, AUsersOrdersHangTogetherAfterABatchThatFailed) {
  const auto first = stored(accepted_row());
  stored(accepted_row("bob", "one-key"));
  const auto lost = accepted_row(), lost_too = accepted_row();
  const auto refused = accepted_row("bob", "one-key");  // the engine never lets it come to that
  auto a = insertion(lost), b = insertion(lost_too), c = insertion(refused);
  ASSERT_FALSE(commit({&a, &b, &c}));
  using Ids = std::vector<OrderId>;
  EXPECT_EQ(list({.user = UserName::parse("alice")}), Ids{first.id});
  const auto next = stored(accepted_row());
  EXPECT_EQ(list({.user = UserName::parse("alice")}), (Ids{next.id, first.id}));
}

}  // namespace
}  // namespace ldt::order
