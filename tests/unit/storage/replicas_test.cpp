// Replicas of a participant over one PostgreSQL schema: they take turns, see each other's prices, and survive the
// server.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "participant/storage/postgres/postgres_committer.h"
#include "participant/storage/postgres/postgres_prices.h"
#include "services/delivery/rules.h"
#include "services/inventory/rules.h"
#include "services/payment/rules.h"
#include "support/eventually.h"
#include "unit/storage/storage_world.h"

namespace ldt::participant {
namespace {

using ldt::testing::eventually;
using ldt::testing::PostgresServer;
using Wanted = CommandsJob::Wanted;

struct Replica {
  Replica(std::unique_ptr<Storage> of, const Rules& rules)
      : storage(std::move(of)),
        committer(storage->make_committer(rules, clock, [](std::chrono::nanoseconds, std::size_t) {})) {}

  Result<void> perform(Job& job) {
    Job* jobs[] = {&job};
    return committer->perform(jobs);
  }

  SystemClock clock;
  std::unique_ptr<Storage> storage;
  std::unique_ptr<Committer> committer;
};

std::vector<std::string> violations(Storage& storage, const Terms& terms, AuditTotals* totals = nullptr) {
  auto audit = storage.open_audit(terms);
  if (!audit) return {audit.error().detail};
  for (;;) {
    const auto next = (*audit)->next();
    if (!next) return {next.error().detail};
    if (!*next) break;
  }
  auto summed = (*audit)->totals();
  if (!summed) return {summed.error().detail};
  if (totals != nullptr) *totals = *summed;
  return summed->violations;
}

/// Several replicas are given the same orders, in other orders and batches, dos and undos. Each order comes to one end,
/// whoever is asked.
TEST(Replicas, ComeToOneEndOfEachOrder) {
  PostgresPlace place;
  const payment::Rules rules(Credits{1'000});
  constexpr std::size_t kReplicas = 4;
  constexpr std::uint64_t kOrders = 300;
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const auto wanted = [](std::uint64_t n, Verb verb) {
    return Wanted{order_of(n), verb, "user-" + std::to_string(n * 7919 % 23), "", static_cast<std::int64_t>(n % 50)};
  };
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (std::size_t r = 0; r < kReplicas; ++r) {
    threads.emplace_back([&, r] {
      Replica replica(place.make(), rules);
      std::mt19937 random(seed + r);
      std::vector<std::uint64_t> numbers(kOrders);
      for (std::uint64_t n = 0; n < kOrders; ++n) numbers[n] = n;
      std::shuffle(numbers.begin(), numbers.end(), random);
      for (std::size_t at = 0; at < numbers.size();) {
        std::vector<Wanted> batch;
        for (std::size_t end = std::min(numbers.size(), at + 1 + random() % 20); at < end; ++at) {
          batch.push_back(wanted(numbers[at], random() % 4 == 0 ? Verb::kUndo : Verb::kDo));
        }
        CommandsJob job(std::move(batch));
        if (!replica.perform(job)) ++failures;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);

  Replica last(place.make(), rules);
  AuditTotals totals;
  const auto wrong = violations(*last.storage, rules.terms(), &totals);
  EXPECT_TRUE(wrong.empty()) << wrong.front();
  EXPECT_EQ(totals.put_in, 23 * 1'000);
  std::vector<Wanted> all;
  for (std::uint64_t n = 0; n < kOrders; ++n) all.push_back(wanted(n, Verb::kDo));
  CommandsJob job(all);
  ASSERT_TRUE(last.perform(job));
  std::int64_t charged = 0;
  for (std::uint64_t n = 0; n < kOrders; ++n) {
    EXPECT_TRUE(job.answers[n].replayed);
    if (job.answers[n].state == kDone) charged += static_cast<std::int64_t>(n % 50);
  }
  EXPECT_EQ(totals.held, totals.put_in - charged);
}

/// A do of one holder and an undo of another for one order: no lock is shared, and still only one of them counts.
TEST(Replicas, AgreeEvenOnOrdersWithAnotherPayload) {
  PostgresPlace place;
  const payment::Rules rules(Credits{1'000});
  for (std::uint64_t n = 0; n < 60; ++n) {
    std::vector<std::thread> threads;
    std::atomic<int> good{0};
    for (int r = 0; r < 2; ++r) {
      threads.emplace_back([&, r] {
        Replica replica(place.make(), rules);
        CommandsJob job({{order_of(n), r == 0 ? Verb::kDo : Verb::kUndo, r == 0 ? "ann" : "bob", "", 5}});
        if (replica.perform(job) && job.answers.front().error == CommandError::kNone) ++good;
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(good, 1) << "the other is a conflict";
  }
  const auto wrong = violations(*place.make(), rules.terms());
  EXPECT_TRUE(wrong.empty()) << wrong.front();
}

TEST(Replicas, NeverSellMoreThanThereIs) {
  PostgresPlace place;
  const inventory::Rules rules;
  Replica first(place.make(), rules);
  ChangeJob price("late-day", 3, {}, true);
  ChangeJob stock("late-day", 50, "stock");
  ASSERT_TRUE(first.perform(price));
  ASSERT_TRUE(first.perform(stock));
  std::atomic<int> sold{0};
  std::vector<std::thread> threads;
  for (std::uint64_t r = 0; r < 4; ++r) {
    threads.emplace_back([&, r] {
      Replica replica(place.make(), rules);
      for (std::uint64_t i = 0; i < 25; ++i) {
        CommandsJob job({{order_of(r * 1000 + i), Verb::kDo, "late-day", "", 1}});
        if (replica.perform(job) && job.answers.front().state == kDone) ++sold;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(sold, 50);
}

TEST(Replicas, AreToldEachOthersPrices) {
  PostgresPlace place;
  const inventory::Rules rules;
  Replica one(place.make(), rules);
  const auto watch = place.make()->watch_prices();
  ASSERT_TRUE(watch->wait(std::chrono::milliseconds(0)));
  for (std::int64_t price = 1; price <= 3; ++price) {
    ChangeJob job("late-day", price, {}, true);
    ASSERT_TRUE(one.perform(job));
    const auto begin = std::chrono::steady_clock::now();
    const auto seen = [&] {
      const auto prices = watch->wait(std::chrono::milliseconds(200));
      return prices && !prices->empty() && prices->front().price == price && prices->front().seq > 0;
    };
    EXPECT_TRUE(eventually(seen));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, PostgresPrices::kPoll / 2) << "it was notified, not polled";
  }
}

TEST(Replicas, AWatchOfPricesOutlivesItsConnection) {
  PostgresPlace place;
  const inventory::Rules rules;
  Replica one(place.make(), rules);
  const auto watch = place.make()->watch_prices();
  ASSERT_TRUE(watch->wait(std::chrono::milliseconds(0)));
  ASSERT_TRUE(
      place.connect()->run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                           " WHERE datname = current_database() AND pid <> pg_backend_pid()"));
  ChangeJob job("late-day", 7, {}, true);
  ASSERT_TRUE(one.perform(job)) << "its connection was cut off, too";
  EXPECT_TRUE(eventually([&] {
    const auto prices = watch->wait(std::chrono::milliseconds(50));
    return prices && !prices->empty() && prices->front().price == 7;
  }));
}

TEST(Replicas, WaitForAServerThatIsRestarted) {
  PostgresServer server({.in_memory = true});
  const postgres::ConnectionOptions options{.url = server.tcp_url(), .schema = "ldt_test"};
  const std::string_view migrations[] = {kPostgresSchema};
  ASSERT_TRUE(postgres::migrate(**postgres::Connection::open(options), "ldt_test", migrations));
  const payment::Rules rules(Credits{1'000});
  Replica replica(std::make_unique<PostgresStorage>(options, std::vector<std::string>{}), rules);
  CommandsJob before({{order_of(1), Verb::kDo, "ann", "", 5}});
  ASSERT_TRUE(replica.perform(before));
  server.kill();
  CommandsJob during({{order_of(2), Verb::kDo, "ann", "", 5}});
  Result<void> performed;
  std::thread waiting([&] { performed = replica.perform(during); });
  server.start();  // here: it ends with the thread that started it
  waiting.join();
  EXPECT_TRUE(performed) << performed.error().detail;
  CommandsJob again({{order_of(1), Verb::kDo, "ann", "", 5}, {order_of(2), Verb::kDo, "ann", "", 5}});
  ASSERT_TRUE(replica.perform(again));
  EXPECT_TRUE(again.answers[0].replayed && again.answers[1].replayed);
}

TEST(Replicas, DoNotWaitWhereTheyShallEnd) {
  PostgresServer server({.in_memory = true});
  const postgres::ConnectionOptions options{.url = server.tcp_url(), .schema = "ldt_test"};
  const payment::Rules rules(Credits{1'000});
  server.kill();
  Replica replica(std::make_unique<PostgresStorage>(options, std::vector<std::string>{}), rules);
  replica.committer->hurry();
  CommandsJob job({{order_of(1), Verb::kDo, "ann", "", 5}});
  EXPECT_FALSE(replica.perform(job));
  ASSERT_TRUE(job.failure);
  EXPECT_EQ(job.failure->kind, ErrorKind::kUnavailable) << "nothing was done";
}

/// COMMIT is sent, and its answer never comes: nobody can know, and the repeat finds out.
TEST(Replicas, ACommitWithoutAnAnswerIsUnknown) {
  PostgresPlace place;
  const payment::Rules rules(Credits{1'000});
  auto options = place.options();
  options.patience = std::chrono::milliseconds(300);
  Replica hasty(std::make_unique<PostgresStorage>(options, std::vector<std::string>{}), rules);
  CommandsJob opening({{order_of(1), Verb::kDo, "ann", "", 5}});
  ASSERT_TRUE(hasty.perform(opening));
  const auto blocker = place.connect();
  ASSERT_TRUE(blocker->script("BEGIN; LOCK TABLE journal IN SHARE MODE"));  // reads go on, writes wait
  CommandsJob job({{order_of(2), Verb::kDo, "ann", "", 5}});
  EXPECT_FALSE(hasty.perform(job));
  ASSERT_TRUE(job.failure);
  EXPECT_EQ(job.failure->kind, ErrorKind::kUnknown);
  ASSERT_TRUE(blocker->script("COMMIT"));
  Replica other(place.make(), rules);
  CommandsJob again({{order_of(2), Verb::kDo, "ann", "", 5}});
  ASSERT_TRUE(other.perform(again));
  EXPECT_EQ(again.answers.front().state, kDone);
  AuditTotals totals;
  EXPECT_TRUE(violations(*other.storage, rules.terms(), &totals).empty());
  EXPECT_EQ(totals.held, 990) << "charged once, whether the first COMMIT happened or not";
}

class Tampered : public ::testing::Test {
 protected:
  Tampered() : replica_(place_.make(), rules_) {
    CommandsJob job({{order_of(1), Verb::kDo, "ann", "", 5},
                     {order_of(2), Verb::kDo, "ann", "", 7},
                     {order_of(2), Verb::kUndo, "ann", "", 7},
                     {order_of(3), Verb::kDo, "bob", "", 5}});
    EXPECT_TRUE(replica_.perform(job));
  }
  void change(const std::string& sql) {
    const auto changed = place_.connect()->script(sql);
    ASSERT_TRUE(changed) << changed.error().detail;
  }
  bool noticed() { return !violations(*replica_.storage, rules_.terms()).empty(); }

  PostgresPlace place_;
  const payment::Rules rules_{Credits{1'000}};
  Replica replica_;
};

TEST_F(Tampered, RowsAreNoticedByTheAudit) {
  EXPECT_FALSE(noticed());
  const std::pair<std::string, std::string> changes[] = {
      {"UPDATE holder SET balance = balance + 1 WHERE name = 'ann'",
       "UPDATE holder SET balance = balance - 1 WHERE name = 'ann'"},
      {"UPDATE holder SET granted = granted + 1", "UPDATE holder SET granted = granted - 1"},
      {"UPDATE holder SET last_entry = 1 WHERE name = 'bob'",
       "UPDATE holder SET last_entry = (SELECT max(seq) FROM journal WHERE holder = holder.id) WHERE name = 'bob'"},
      {"UPDATE journal SET delta = delta - 1 WHERE event = 1", "UPDATE journal SET delta = delta + 1 WHERE event = 1"},
      {"UPDATE journal SET amount = amount + 1 WHERE event = 4",
       "UPDATE journal SET amount = amount - 1 WHERE event = 4"},
      {"UPDATE journal SET previous = 0 WHERE event = 4",
       "UPDATE journal j SET previous = (SELECT seq FROM journal k WHERE k.order_id = j.order_id AND k.event = 1)"
       " WHERE event = 4"}};
  for (const auto& [harm, repair] : changes) {
    change(harm);
    EXPECT_TRUE(noticed()) << harm;
    change(repair);
    EXPECT_FALSE(noticed()) << repair;
  }
  change("DELETE FROM journal WHERE event = 5");
  EXPECT_TRUE(noticed());
}

}  // namespace
}  // namespace ldt::participant
