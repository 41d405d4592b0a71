// What every storage of a participant does alike, SQLite and PostgreSQL: decides, remembers, shows, proves.
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "services/delivery/rules.h"
#include "services/inventory/rules.h"
#include "services/payment/rules.h"
#include "unit/storage/storage_world.h"

namespace ldt::participant {
namespace {

using Wanted = CommandsJob::Wanted;
constexpr auto kNewest = std::numeric_limits<std::int64_t>::max();

template <class PlaceOf>
class StorageTest : public ::testing::Test {
 protected:
  /// Opens the storage (anew) with the rules of a service.
  void open(const Rules& rules) {
    rules_ = &rules;
    committer_.reset();
    reads_.reset();
    storage_.reset();
    storage_ = place_.make();
    committer_ =
        storage_->make_committer(rules, clock_, [this](std::chrono::nanoseconds, std::size_t n) { committed_ += n; });
    reads_ = std::move(*storage_->open_reads());
  }
  void reopen() {
    ASSERT_TRUE(committer_->finish());
    open(*rules_);
  }
  std::vector<Answer> execute(const std::vector<Wanted>& wanted) {
    CommandsJob job(wanted);
    Job* jobs[] = {&job};
    const auto done = committer_->perform(jobs);
    EXPECT_TRUE(done) << done.error().detail;
    EXPECT_TRUE(job.is_durable);
    return job.answers;
  }
  OperationState state(const Wanted& wanted) { return execute({wanted}).front().state; }
  OperatorAnswer change(ChangeJob job) {
    Job* jobs[] = {&job};
    const auto done = committer_->perform(jobs);
    EXPECT_TRUE(done) << done.error().detail;
    EXPECT_TRUE(job.is_durable);
    return job.answer;
  }
  HolderPage page(const std::string& name, std::int64_t before = kNewest, std::uint32_t limit = 100,
                  EntryFilter filter = EntryFilter::kAll) {
    auto page = reads_->page(name, filter, before, limit);
    EXPECT_TRUE(page) << page.error().detail;
    return std::move(*page);
  }
  std::int64_t balance(const std::string& name) {
    const auto shown = page(name);
    return shown.holder ? shown.holder->balance : -1;
  }
  struct Audited {
    std::vector<AuditedOperation> operations;
    AuditTotals totals;
  };
  Audited audit() {
    Audited all;
    auto audit = storage_->open_audit(rules_->terms());
    EXPECT_TRUE(audit) << audit.error().detail;
    for (;;) {
      auto next = (*audit)->next();
      EXPECT_TRUE(next) << next.error().detail;
      if (!*next) break;
      all.operations.push_back(**next);
    }
    auto totals = (*audit)->totals();
    EXPECT_TRUE(totals) << totals.error().detail;
    all.totals = std::move(*totals);
    EXPECT_TRUE(all.totals.violations.empty()) << all.totals.violations.front();
    EXPECT_EQ(all.totals.put_in >= 0, true);
    return all;
  }

  const payment::Rules payment_{Credits{100}};
  const inventory::Rules inventory_;
  const delivery::Rules delivery_;
  SystemClock clock_;
  PlaceOf place_;
  const Rules* rules_ = nullptr;
  std::unique_ptr<Storage> storage_;
  std::unique_ptr<Committer> committer_;
  std::unique_ptr<Reads> reads_;
  std::size_t committed_ = 0;
};

using Places = ::testing::Types<SqlitePlace, PostgresPlace>;
class PlaceNames {
 public:
  template <class T>
  static std::string GetName(int) {
    return std::is_same_v<T, SqlitePlace> ? "Sqlite" : "Postgres";
  }
};
TYPED_TEST_SUITE(StorageTest, Places, PlaceNames);

TYPED_TEST(StorageTest, AChargeOpensAnAccountAndIsRemembered) {
  this->open(this->payment_);
  EXPECT_EQ(this->state({order_of(1), Verb::kDo, "ann", "", 30}), kDone);
  EXPECT_EQ(this->balance("ann"), 70);
  const auto again = this->execute({{order_of(1), Verb::kDo, "ann", "", 30}}).front();
  EXPECT_EQ(again.state, kDone);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(this->balance("ann"), 70);
  this->reopen();
  EXPECT_TRUE(this->execute({{order_of(1), Verb::kDo, "ann", "", 30}}).front().replayed);
  EXPECT_EQ(this->balance("ann"), 70);
  EXPECT_EQ(this->committed_, 3U);
}

TYPED_TEST(StorageTest, EveryStateIsReachedAndStays) {
  this->open(this->payment_);
  EXPECT_EQ(this->state({order_of(1), Verb::kDo, "ann", "", 101}), kRefused);
  EXPECT_EQ(this->state({order_of(2), Verb::kUndo, "ann", "", 5}), kTombstone);
  EXPECT_EQ(this->state({order_of(3), Verb::kDo, "ann", "", 5}), kDone);
  EXPECT_EQ(this->state({order_of(3), Verb::kUndo, "ann", "", 5}), kUndone);
  for (int round = 0; round < 2; ++round) {
    for (const Verb verb : {Verb::kDo, Verb::kUndo}) {
      EXPECT_EQ(this->state({order_of(1), verb, "ann", "", 101}), kRefused);
      EXPECT_EQ(this->state({order_of(2), verb, "ann", "", 5}), kTombstone);
      EXPECT_EQ(this->state({order_of(3), verb, "ann", "", 5}), kUndone);
    }
    this->reopen();
  }
  EXPECT_EQ(this->balance("ann"), 100);
  const auto audited = this->audit();
  ASSERT_EQ(audited.operations.size(), 3U);
  EXPECT_EQ(audited.operations[2].state, kUndone);
  EXPECT_EQ(audited.operations[2].holder, "ann");
  EXPECT_EQ(audited.totals.put_in, 100);
  EXPECT_EQ(audited.totals.held, 100);
}

TYPED_TEST(StorageTest, TheSameOrderWithAnotherPayloadIsAConflict) {
  this->open(this->payment_);
  EXPECT_EQ(this->state({order_of(1), Verb::kDo, "ann", "", 30}), kDone);
  for (const Wanted& other :
       {Wanted{order_of(1), Verb::kDo, "ann", "", 31}, Wanted{order_of(1), Verb::kDo, "bob", "", 30},
        Wanted{order_of(1), Verb::kUndo, "bob", "", 30}}) {
    EXPECT_EQ(this->execute({other}).front().error, CommandError::kConflict);
  }
  EXPECT_EQ(this->balance("ann"), 70);
}

TYPED_TEST(StorageTest, ABatchSeesWhatItsFirstCommandsDid) {
  this->open(this->payment_);
  const auto answers = this->execute({{order_of(1), Verb::kDo, "zoe", "", 60},
                                      {order_of(2), Verb::kDo, "zoe", "", 60},
                                      {order_of(1), Verb::kUndo, "zoe", "", 60},
                                      {order_of(3), Verb::kDo, "zoe", "", 60},
                                      {order_of(3), Verb::kDo, "zoe", "", 60},
                                      {order_of(4), Verb::kDo, "ann", "", 1}});
  ASSERT_EQ(answers.size(), 6U);
  EXPECT_EQ(answers[0].state, kDone);
  EXPECT_EQ(answers[1].state, kRefused);
  EXPECT_EQ(answers[2].state, kUndone);
  EXPECT_EQ(answers[3].state, kDone);
  EXPECT_TRUE(answers[4].replayed);
  EXPECT_EQ(this->balance("zoe"), 40);
  EXPECT_EQ(this->balance("ann"), 99);
  this->audit();
}

TYPED_TEST(StorageTest, WhatIsMalformedHarmsNobodyElse) {
  this->open(this->payment_);
  const std::string broken[] = {std::string("a\0b", 3), "\xff\xfe", "", std::string(200, 'x')};
  std::vector<Wanted> wanted;
  for (const auto& name : broken) wanted.push_back({order_of(wanted.size() + 1), Verb::kDo, name, "", 1});
  wanted.push_back({order_of(9), Verb::kDo, "ann", "", -1});
  wanted.push_back({order_of(10), Verb::kDo, "ann' OR 1=1; --", "", 1});
  const auto answers = this->execute(wanted);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(answers[i].error, CommandError::kInvalid) << i;
  EXPECT_EQ(answers[5].state, kDone);
  EXPECT_EQ(this->balance("ann' OR 1=1; --"), 99);
  EXPECT_FALSE(this->page("ann").holder);
}

TYPED_TEST(StorageTest, OnlyAnOperatorMakesASku) {
  this->open(this->inventory_);
  EXPECT_EQ(this->state({order_of(1), Verb::kDo, "late-day", "", 1}), kRefused);
  EXPECT_FALSE(*this->reads_->holder("late-day"));
  EXPECT_EQ(this->change({"late-day", 5}).error, OperatorError::kNotFound);
  EXPECT_TRUE(this->change({"late-day", 40, {}, true}).created);
  EXPECT_EQ(this->change({"late-day", 10}).holding.balance, 10);
  EXPECT_EQ(this->state({order_of(2), Verb::kDo, "late-day", "", 4}), kDone);
  EXPECT_EQ(this->state({order_of(3), Verb::kDo, "late-day", "", 7}), kRefused);
  EXPECT_FALSE(this->change({"late-day", 50, {}, true}).created);
  EXPECT_TRUE(this->change({"late-day", 50, {}, true}).replayed);
  const auto sku = *this->reads_->holder("late-day");
  ASSERT_TRUE(sku);
  EXPECT_EQ(sku->balance, 6);
  EXPECT_EQ(sku->granted, 10);
  EXPECT_EQ(sku->price, 50);
  this->reopen();
  const auto prices = *this->storage_->prices();
  ASSERT_EQ(prices.size(), 1U);
  EXPECT_EQ(prices[0].price, 50);
  this->audit();
}

TYPED_TEST(StorageTest, SkusAreListedByTheirNames) {
  this->open(this->inventory_);
  for (const char* sku : {"b", "c-2", "a", "c.1"}) this->change({sku, 1, {}, true});
  this->state({order_of(1), Verb::kDo, "bogus", "", 1});
  std::string names;
  std::string after;
  for (;;) {
    const auto some = *this->reads_->holders(after, 2);
    if (some.empty()) break;
    for (const auto& sku : some) names += sku.name + " ";
    after = some.back().name;
  }
  EXPECT_EQ(names, "a b c-2 c.1 ");
  EXPECT_EQ(this->reads_->holders(std::string("b\0zzz", 5), 1)->front().name, "c-2");
}

TYPED_TEST(StorageTest, AGrantCountsOncePerKey) {
  this->open(this->payment_);
  const auto first = this->change({"ann", 7, "key"});
  EXPECT_EQ(first.holding.balance, 107);
  EXPECT_TRUE(first.created);
  EXPECT_TRUE(this->change({"ann", 7, "key"}).replayed);
  this->reopen();
  EXPECT_TRUE(this->change({"ann", 7, "key"}).replayed);
  EXPECT_EQ(this->change({"ann", 8, "key"}).error, OperatorError::kConflict);
  EXPECT_EQ(this->change({"bob", 7, "key"}).error, OperatorError::kConflict);
  EXPECT_EQ(this->change({"ann", 7, std::string("k\0y", 3)}).holding.balance, 114);
  EXPECT_EQ(this->change({"ann", 7}).holding.balance, 121);
  EXPECT_EQ(this->change({"ann", kMaxCredits.value}).error, OperatorError::kLimit);
  EXPECT_EQ(this->balance("ann"), 121);
}

TYPED_TEST(StorageTest, EntriesComeInPagesNewestFirst) {
  this->open(this->payment_);
  for (std::uint64_t n = 1; n <= 5; ++n) {
    this->execute({{order_of(n), Verb::kDo, "ann", "", 1}, {order_of(100 + n), Verb::kDo, "bob", "", 1}});
  }
  this->execute({{order_of(3), Verb::kUndo, "ann", "", 1}, {order_of(50), Verb::kDo, "ann", "", 1'000}});
  std::vector<EntryNow> all;
  std::int64_t before = kNewest;
  for (bool more = true; more;) {
    const auto page = this->page("ann", before, 3);
    more = page.more;
    ASSERT_FALSE(page.entries.empty());
    EXPECT_LE(page.entries.size(), 3U);
    before = page.entries.back().seq;
    all.insert(all.end(), page.entries.begin(), page.entries.end());
  }
  ASSERT_EQ(all.size(), 7U) << "a grant, five charges, one refund; a refusal is no entry";
  EXPECT_EQ(all.front().kind, RowKind::kUndo);
  EXPECT_EQ(all.front().order, order_of(3).view());
  EXPECT_EQ(all.front().delta, 1);
  EXPECT_EQ(all.back().kind, RowKind::kGrant);
  EXPECT_EQ(all.back().delta, 100);
  EXPECT_TRUE(all.back().order.empty());
  for (std::size_t i = 1; i < all.size(); ++i) EXPECT_LT(all[i].seq, all[i - 1].seq);
  EXPECT_EQ(this->page("ann", all[2].seq + 1, 1).entries.front().seq, all[2].seq) << "from between two of them";
  EXPECT_FALSE(this->page("nobody").holder);
}

TYPED_TEST(StorageTest, AWalletShowsWhatIsStillHeld) {
  this->open(this->delivery_);
  for (std::uint64_t n = 1; n <= 4; ++n) {
    EXPECT_EQ(this->state({order_of(n), Verb::kDo, "ann", n % 2 == 0 ? "late-day" : "ann", 10}), kDone);
  }
  EXPECT_EQ(this->execute({{order_of(3), Verb::kUndo, "ann", "late-day", 10}}).front().error, CommandError::kConflict);
  EXPECT_EQ(this->state({order_of(3), Verb::kUndo, "ann", "ann", 10}), kUndone);
  const auto page = this->page("ann", kNewest, 2, EntryFilter::kHeld);
  EXPECT_EQ(page.holder->balance, 30);
  ASSERT_EQ(page.entries.size(), 2U);
  EXPECT_TRUE(page.more);
  EXPECT_EQ(page.entries[0].order, order_of(4).view());
  EXPECT_EQ(page.entries[0].item, "late-day");
  EXPECT_EQ(page.entries[1].item, "late-day");
  EXPECT_EQ(this->page("ann", page.entries[1].seq, 2, EntryFilter::kHeld).entries.front().item, "ann");
  const auto audited = this->audit();
  EXPECT_EQ(audited.operations[3].item, "late-day");
  EXPECT_EQ(audited.totals.held, 30);
}

TYPED_TEST(StorageTest, ManyCommandsAtOnceKeepTheirOrder) {
  this->open(this->payment_);
  std::vector<std::unique_ptr<CommandsJob>> owned;
  std::vector<Job*> jobs;
  for (std::uint64_t job = 0; job < 12; ++job) {
    std::vector<Wanted> wanted;
    for (std::uint64_t i = 0; i < 500; ++i) {
      wanted.push_back({order_of(job * 500 + i), Verb::kDo, "user-" + std::to_string(i % 97), "", 1});
    }
    owned.push_back(std::make_unique<CommandsJob>(std::move(wanted)));
    jobs.push_back(owned.back().get());
  }
  ASSERT_TRUE(this->committer_->perform(jobs));
  for (const auto& job : owned) {
    EXPECT_TRUE(job->is_durable);
    for (const auto& answer : job->answers) EXPECT_EQ(answer.state, kDone);
  }
  const auto audited = this->audit();
  EXPECT_EQ(audited.operations.size(), 6000U);
  EXPECT_EQ(audited.totals.put_in, 97 * 100);
  EXPECT_EQ(audited.totals.held, 97 * 100 - 6000);
}

}  // namespace
}  // namespace ldt::participant
