// Several engines' stores over one PostgreSQL: leases, take-over, keys that two accept at once, a server that dies.
// Depends on the order service's PostgreSQL storage.
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <stdexcept>
#include <thread>

#include "services/order/storage/postgres/postgres_archive.h"
#include "services/order/storage/postgres/postgres_storage.h"
#include "services/order/storage/postgres/postgres_store.h"
#include "support/eventually.h"
#include "unit/services/order_rows.h"
#include "unit/support/shared_server.h"

namespace ldt::order {
namespace {

using saga::OrderState;
using saga::Outcome;
using std::chrono::milliseconds;

constexpr milliseconds kLease{400};
constexpr milliseconds kLongLease{60'000};  // of those that nobody is to take for dead, however busy the machine is

class Replicas : public ::testing::Test {
 protected:
  Replicas() : url_(testing::shared_server().make_database()) {
    if (auto migrated = PostgresStorage::migrate(url_); !migrated) throw std::runtime_error(migrated.error().detail);
  }
  std::unique_ptr<PostgresStore> replica(const std::string& name, milliseconds lease = kLease) const {
    return replica_over(url_, name, lease);
  }
  static std::unique_ptr<PostgresStore> replica_over(const std::string& url, const std::string& name,
                                                     milliseconds lease = kLease) {
    auto store =
        PostgresStore::open({.connection = {.url = url, .schema = "ldt_order", .patience = milliseconds(3'000)},
                             .replica = name,
                             .lease = lease});
    if (!store) throw std::runtime_error(store.error().detail);
    return std::move(*store);
  }
  static Write commit(PostgresStore& store, Write write) {
    const std::vector<Write*> writes{&write};
    const auto done = store.commit(writes);
    EXPECT_TRUE(done) << done.error().detail;
    return write;
  }
  /// With room for all, driving `oldest` and what is younger.
  static Attendance attendance(const OrderId& oldest) {
    return {.oldest_running = oldest, .oldest_open = oldest, .room = 10'000};
  }
  static Attended attend(PostgresStore& store, const OrderId& oldest) {
    auto attended = store.attend(attendance(oldest));
    EXPECT_TRUE(attended) << attended.error().detail;
    return attended ? std::move(*attended) : Attended{};
  }
  static std::vector<OrderId> ids(const std::vector<OrderRow>& rows) {
    std::vector<OrderId> all;
    for (const auto& row : rows) all.push_back(row.id);
    return all;
  }

  const std::string url_;
};

TEST_F(Replicas, OneTakesOverWhatAnotherLeftBehind) {
  const auto a = replica("a", 5 * kLease);
  const auto b = replica("b", 5 * kLease);
  const auto running = accepted_row(), held = accepted_row(), ended = accepted_row();
  for (const auto* row : {&running, &held, &ended}) EXPECT_TRUE(commit(*a, insertion(*row)).done);
  commit(*a, change(held, OrderState::kRunning, OrderState::kHeld, Outcome::kTimeout));
  commit(*a, change(ended, OrderState::kRunning, OrderState::kCompleted));
  attend(*a, running.id);
  EXPECT_TRUE(attend(*b, running.id).adopted.empty()) << "its lease lasts";
  std::set<OrderId> adopted;
  EXPECT_TRUE(testing::eventually([&] {
    for (const auto& id : ids(attend(*b, running.id).adopted)) EXPECT_TRUE(adopted.insert(id).second);
    return adopted.size() == 2;
  }));
  EXPECT_EQ(adopted, (std::set<OrderId>{running.id, held.id}));
  // The one that was taken for dead is back, and hears of it once.
  auto lost = attend(*a, running.id).lost;
  std::sort(lost.begin(), lost.end());
  EXPECT_EQ(lost, (std::vector<OrderId>{running.id, held.id}));
  EXPECT_TRUE(attend(*a, running.id).lost.empty());
  EXPECT_TRUE(a->unfinished()->empty());
  EXPECT_EQ(b->unfinished()->size(), 2U);
}

TEST_F(Replicas, OneThatLeavesLeavesAllAtOnce) {
  const auto a = replica("a");
  const auto b = replica("b");
  const auto row = accepted_row();
  commit(*a, insertion(row));
  a->leave();
  EXPECT_EQ(ids(attend(*b, row.id).adopted), (std::vector<OrderId>{row.id}));
}

TEST_F(Replicas, OfOneNameAreRefusedWhileTheFirstOneLives) {
  constexpr auto kItsLease = 5 * kLease;
  auto first = replica("a", kItsLease);
  EXPECT_THROW(replica("a", kItsLease), std::runtime_error);
  first.reset();
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_NO_THROW(replica("a", kItsLease));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, kItsLease) << "it waits for the lease of one that is gone";
}

TEST_F(Replicas, OneThatComesBackUnderItsNameHasItsOrders) {
  auto first = replica("a", kLongLease);
  const auto row = accepted_row();
  commit(*first, insertion(row));
  first.reset();
  const auto again = replica("a", kLongLease);
  EXPECT_EQ(ids(*again->unfinished()), (std::vector<OrderId>{row.id}));
  const auto b = replica("b");
  EXPECT_TRUE(attend(*b, row.id).adopted.empty());
}

TEST_F(Replicas, ManyThatTakeOverShareWithoutTakingTwice) {
  const auto a = replica("a");
  std::vector<OrderRow> rows;
  for (int i = 0; i < 1'200; ++i) rows.push_back(accepted_row());
  for (auto& row : rows) commit(*a, insertion(row));
  a->leave();
  std::vector<std::vector<OrderId>> taken(3);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    threads.emplace_back([&, i] {
      const auto store = replica("taker" + std::to_string(i));
      for (int turn = 0; turn < 8; ++turn) {
        for (const auto& id : ids(attend(*store, rows.front().id).adopted)) taken[i].push_back(id);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<OrderId> all;
  std::size_t sum = 0;
  for (const auto& part : taken) {
    all.insert(part.begin(), part.end());
    sum += part.size();
  }
  EXPECT_EQ(all.size(), rows.size());
  EXPECT_EQ(sum, rows.size());
}

TEST_F(Replicas, OneKeyIsOneOrderHoweverManyAcceptIt) {
  const auto a = replica("a");
  const auto b = replica("b");
  const auto first = accepted_row("alice", "the-key"), second = accepted_row("alice", "the-key");
  EXPECT_TRUE(commit(*a, insertion(first)).done);
  const auto late = commit(*b, insertion(second));
  EXPECT_FALSE(late.done);
  EXPECT_EQ(late.seq, 0);
  EXPECT_FALSE(late.found.has_value());
  ASSERT_TRUE(late.key_of.has_value());
  EXPECT_EQ(late.key_of->order, first.id);
  EXPECT_EQ(late.key_of->request_fingerprint, first.request_fingerprint);
}

TEST_F(Replicas, AnOrderIsTakenOverByWhoIsAskedAboutIt) {
  const auto a = replica("a");
  const auto b = replica("b");
  const auto row = accepted_row();
  commit(*a, insertion(row));
  commit(*a, change(row, OrderState::kRunning, OrderState::kHeld, Outcome::kTimeout));
  const auto taken = b->take_over(row.id);
  ASSERT_TRUE(taken && *taken) << (taken ? "none" : taken.error().detail);
  EXPECT_EQ((*taken)->state, OrderState::kHeld);
  EXPECT_EQ(attend(*a, row.id).lost, (std::vector<OrderId>{row.id}));
  EXPECT_TRUE(commit(*b, change(**taken, OrderState::kHeld, OrderState::kRunning)).done);
  EXPECT_TRUE(commit(*b, change(**taken, OrderState::kRunning, OrderState::kCompleted)).done);
  EXPECT_FALSE(a->take_over(row.id)->has_value()) << "it has ended";
  EXPECT_FALSE(a->take_over(accepted_row().id)->has_value()) << "there is none";
}

TEST_F(Replicas, AnOrderWhoseAcceptanceWasLostIsFoundAgain) {
  const auto a = replica("a");
  const auto stored = accepted_row(), never = accepted_row();
  commit(*a, insertion(stored));
  auto asked = attendance(stored.id);
  asked.in_doubt = {stored.id, never.id};
  const auto attended = a->attend(asked);
  ASSERT_TRUE(attended) << attended.error().detail;
  EXPECT_EQ(ids(attended->resolved), (std::vector<OrderId>{stored.id}));
}

TEST_F(Replicas, StuckOrdersAreSeenThroughAnyOfThem) {
  const auto a = replica("a");
  const auto stuck = accepted_row(), fine = accepted_row();
  for (const auto* row : {&stuck, &fine}) commit(*a, insertion(*row));
  commit(*a, change(stuck, OrderState::kRunning, OrderState::kReverting, Outcome::kTimeout));
  auto told = attendance(stuck.id);
  told.stuck = {{stuck.id, OrderState::kReverting, true, saga::Step::kRefund, 12, "payment is away", {}}};
  ASSERT_TRUE(a->attend(told));
  PostgresArchive archive({.url = url_, .schema = "ldt_order", .read_only = true});
  EXPECT_EQ(archive.sagas(false, 10)->size(), 2U);
  const auto sagas = archive.sagas(true, 10);
  ASSERT_EQ(sagas->size(), 1U);
  EXPECT_EQ(sagas->front().step, saga::Step::kRefund);
  EXPECT_EQ(sagas->front().attempts, 12U);
  EXPECT_EQ(sagas->front().last_error, "payment is away");
  attend(*a, stuck.id);
  EXPECT_TRUE(archive.sagas(true, 10)->empty());
}

TEST_F(Replicas, TwoThatEndTheSameOrderAgreeOnOneEnd) {
  const auto a = replica("a");
  const auto b = replica("b");
  std::vector<OrderRow> rows;
  for (int i = 0; i < 200; ++i) rows.push_back(accepted_row());
  for (auto& row : rows) commit(*a, insertion(row));
  const auto end_all = [&rows](PostgresStore& store, OrderState to, Outcome reason) {
    std::vector<Write> writes;
    for (const auto& row : rows) writes.push_back(change(row, OrderState::kRunning, to, reason));
    for (std::size_t i = 0; i < writes.size(); i += 20) {
      std::vector<Write*> batch;
      for (std::size_t j = i; j < i + 20; ++j) batch.push_back(&writes[j]);
      EXPECT_TRUE(store.commit(batch));
    }
    return writes;
  };
  std::vector<Write> completed, reverting;
  std::thread one([&] { completed = end_all(*a, OrderState::kCompleted, Outcome::kNone); });
  std::thread two([&] { reverting = end_all(*b, OrderState::kReverting, Outcome::kCancelled); });
  one.join();
  two.join();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_NE(completed[i].done, reverting[i].done);
    const auto& loser = completed[i].done ? reverting[i] : completed[i];
    ASSERT_TRUE(loser.found.has_value());
    EXPECT_EQ(loser.found->state, completed[i].done ? OrderState::kCompleted : OrderState::kReverting);
  }
}

TEST(ReplicaAndServer, AServerThatDiesIsAnErrorAndIsFoundAgain) {
  testing::PostgresServer server({.in_memory = true});
  const auto url = server.make_database();
  ASSERT_TRUE(PostgresStorage::migrate(url));
  auto opened =
      PostgresStore::open({.connection = {.url = url, .schema = "ldt_order"}, .replica = "a", .lease = kLease});
  ASSERT_TRUE(opened) << opened.error().detail;
  PostgresStore& store = **opened;
  const auto row = accepted_row();
  auto first = insertion(row);
  const std::vector<Write*> writes{&first};
  ASSERT_TRUE(store.commit(writes));
  server.kill();
  auto end = change(row, OrderState::kRunning, OrderState::kCompleted);
  const std::vector<Write*> ends{&end};
  EXPECT_FALSE(store.commit(ends));
  const auto begun = std::chrono::steady_clock::now();
  const auto refused = store.commit(ends);
  EXPECT_FALSE(refused);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(2))
      << "nobody waits for a server that is away";
  EXPECT_FALSE(store.available());
  server.start();
  EXPECT_TRUE(testing::eventually([&] { return store.commit(ends).has_value(); }));
  EXPECT_TRUE(end.done || (end.found && end.found->state == OrderState::kCompleted));
}

TEST(ReplicaAndServer, AFrozenServerIsGivenUpInTimeAndTheTruthIsFoundLater) {
  testing::PostgresServer server({.in_memory = true});
  const auto url = server.make_database();
  ASSERT_TRUE(PostgresStorage::migrate(url));
  auto opened = PostgresStore::open({.connection = {.url = url, .schema = "ldt_order", .patience = milliseconds(500)},
                                     .replica = "a",
                                     .lease = kLease});
  ASSERT_TRUE(opened) << opened.error().detail;
  const auto row = accepted_row();
  auto first = insertion(row);
  const std::vector<Write*> writes{&first};
  server.freeze();
  const auto lost = (*opened)->commit(writes);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().kind, ErrorKind::kUnknown) << "it may have happened";
  server.thaw();
  EXPECT_TRUE(testing::eventually([&] { return (*opened)->commit(writes).has_value(); }));
  EXPECT_NE(first.seq, 0);
  EXPECT_EQ((*opened)->unfinished()->size(), 1U);
}

TEST(OrderSchema, IsRefusedUntilItIsMigratedAndMigratedOnce) {
  const auto url = testing::shared_server().make_database();
  const auto early = PostgresStorage::connect({.url = url});
  ASSERT_FALSE(early);
  EXPECT_NE(early.error().detail.find("ldt migrate"), std::string::npos) << early.error().detail;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&url] { EXPECT_TRUE(PostgresStorage::migrate(url)); });
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(PostgresStorage::connect({.url = url}));
}

}  // namespace
}  // namespace ldt::order
