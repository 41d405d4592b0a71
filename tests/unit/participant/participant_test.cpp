// A participant over a journal in memory: effects and rows are made together, once, whatever arrives and whenever it
// fails.
#include "participant/participant.h"

#include <map>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "unit/participant/memory_journal.h"

namespace ldt::participant {
namespace {

/// Payment in small: accounts open with 100 and hold at most 1000.
class SmallRules final : public Rules {
 public:
  [[nodiscard]] const Terms& terms() const override { return kTerms; }
  [[nodiscard]] bool valid_holder(std::string_view name) const override { return !name.empty(); }
  [[nodiscard]] bool valid_item(std::string_view name) const override { return name.empty(); }
  [[nodiscard]] std::optional<std::int64_t> opening() const override {
    return opens ? std::optional(100) : std::nullopt;
  }
  [[nodiscard]] bool accepts(const Holding& holding, std::int64_t amount) const override {
    return holding.balance >= amount;
  }

  bool opens = true;

 private:
  static constexpr Terms kTerms{.do_step = "do",
                                .undo_step = "undo",
                                .refusal = "NO",
                                .sign = -1,
                                .min_amount = 0,
                                .max_amount = 500,
                                .max_balance = 1000};
};

struct World {
  SmallRules rules;
  Book book{8};
  MemoryJournal journal;
  Participant participant{rules, book, journal};

  Answer perform(std::uint64_t order, Verb verb, std::int64_t amount, const std::string& holder = "alice",
                 bool refuse = false) {
    const auto answer = participant.execute({order_number(order), verb, holder, "", amount}, WallTime{1}, refuse);
    EXPECT_TRUE(answer.has_value());
    return *answer;
  }
  void commit() {
    journal.commit();
    book.commit();
  }
  void rollback() {
    journal.rollback();
    book.rollback();
  }
  std::int64_t balance(const std::string& holder = "alice") { return book.holding(book.find_name(holder)).balance; }
  /// The balance as the journal's rows add up: the truth.
  std::int64_t balance_by_journal(const std::string& holder = "alice") {
    std::int64_t sum = 0;
    for (const auto& row : journal.contents().rows) {
      if (row.payload.holder == book.find_name(holder)) sum += row.delta;
    }
    return sum;
  }
};

TEST(Participant, OpensTheHolderThenTakesTheAmount) {
  World world;
  const auto answer = world.perform(1, Verb::kDo, 30);
  EXPECT_EQ(answer.state, kDone);
  EXPECT_FALSE(answer.replayed);
  EXPECT_EQ(world.balance(), 70);
  ASSERT_EQ(world.journal.contents().rows.size(), 2u);
  EXPECT_EQ(world.journal.contents().rows[0].kind, RowKind::kGrant);
  EXPECT_EQ(world.journal.contents().rows[1].delta, -30);
}

TEST(Participant, ChainsTheEntriesOfAHolder) {
  World world;
  world.perform(1, Verb::kDo, 30);    // rows 1, the grant that opens the account, and 2
  world.perform(2, Verb::kDo, 90);    // 3: refused, and no entry
  world.perform(3, Verb::kUndo, 5);   // 4: a tombstone, and no entry
  world.perform(1, Verb::kUndo, 30);  // 5
  world.perform(4, Verb::kDo, 10);    // 6
  std::vector<std::int64_t> previous;
  for (const auto& row : world.journal.contents().rows) previous.push_back(row.previous);
  EXPECT_EQ(previous, (std::vector<std::int64_t>{0, 1, 0, 0, 2, 5}));
  EXPECT_EQ(world.book.holding(world.book.find_name("alice")).last_entry, 6);
}

TEST(Participant, AnswersARepeatFromMemoryWithoutARow) {
  World world;
  world.perform(1, Verb::kDo, 30);
  const auto rows = world.journal.contents().rows.size();
  const auto repeat = world.perform(1, Verb::kDo, 30);
  EXPECT_EQ(repeat.state, kDone);
  EXPECT_TRUE(repeat.replayed);
  EXPECT_EQ(world.journal.contents().rows.size(), rows);
  EXPECT_EQ(world.balance(), 70);
}

TEST(Participant, RemembersARefusalEvenWhenThereWouldBeEnoughLater) {
  World world;
  EXPECT_EQ(world.perform(1, Verb::kDo, 101).state, kRefused);
  ASSERT_TRUE(world.participant.grant("alice", 500, "", WallTime{2}).has_value());
  EXPECT_EQ(world.perform(1, Verb::kDo, 101).state, kRefused);
  EXPECT_EQ(world.balance(), 600);
}

TEST(Participant, RefusesWhatAnInstructionRefusesWhateverTheRulesSay) {
  World world;
  EXPECT_EQ(world.perform(1, Verb::kDo, 1, "alice", true).state, kRefused);
  EXPECT_EQ(world.perform(1, Verb::kDo, 1).state, kRefused);
  EXPECT_EQ(world.balance(), 100);
}

TEST(Participant, GivesBackWithARowOfItsOwn) {
  World world;
  world.perform(1, Verb::kDo, 30);
  EXPECT_EQ(world.perform(1, Verb::kUndo, 30).state, kUndone);
  EXPECT_EQ(world.balance(), 100);
  EXPECT_EQ(world.journal.contents().rows.back().kind, RowKind::kUndo);
  EXPECT_EQ(world.journal.contents().rows.back().delta, 30);
}

TEST(Participant, LetsNothingHappenAfterATombstone) {
  World world;
  EXPECT_EQ(world.perform(1, Verb::kUndo, 30).state, kTombstone);
  EXPECT_EQ(world.perform(1, Verb::kDo, 30).state, kTombstone);
  EXPECT_EQ(world.journal.contents().rows.size(), 1u);
  EXPECT_FALSE(world.book.holding(world.book.find_name("alice")).open) << "an undo opens no account";
}

TEST(Participant, AsksTheStorageForOrdersThatItHasForgotten) {
  World world;
  for (std::uint64_t n = 1; n <= 20; ++n) {
    world.perform(n, Verb::kDo, 1);
    world.commit();
  }
  EXPECT_EQ(world.journal.finds, 0) << "new orders are known to be new";
  EXPECT_TRUE(world.perform(2, Verb::kDo, 1).replayed);
  EXPECT_EQ(world.journal.finds, 1);
  EXPECT_EQ(world.balance(), 80);
}

TEST(Participant, IsAsBeforeWhenItsTransactionIsDropped) {
  World world;
  world.perform(1, Verb::kDo, 30);
  world.commit();
  world.perform(1, Verb::kUndo, 30);
  world.perform(2, Verb::kDo, 5, "bob");
  world.rollback();
  EXPECT_EQ(world.balance(), 70);
  EXPECT_EQ(world.book.find_name("bob"), kNoName);
  EXPECT_EQ(world.perform(2, Verb::kDo, 5, "bob").replayed, false);
  EXPECT_EQ(world.perform(1, Verb::kUndo, 30).state, kUndone);
  EXPECT_EQ(world.balance(), 100);
}

TEST(Participant, PassesAnErrorOfItsJournalOn) {
  World world;
  world.journal.fails = true;
  EXPECT_FALSE(world.participant.execute({order_number(1), Verb::kDo, "alice", "", 1}, WallTime{1}).has_value());
  EXPECT_FALSE(world.participant.grant("alice", 1, "", WallTime{1}).has_value());
  EXPECT_FALSE(world.participant.set_price("alice", 1, WallTime{1}).has_value());
}

TEST(Participant, FindsMalformedCommandsInvalid) {
  World world;
  const Command bad[] = {{order_number(1), Verb::kDo, "", "", 1},
                         {order_number(1), Verb::kDo, "alice", "item", 1},
                         {order_number(1), Verb::kDo, "alice", "", -1},
                         {order_number(1), Verb::kDo, "alice", "", 501}};
  for (const auto& command : bad)
    EXPECT_EQ(world.participant.execute(command, WallTime{1})->error, CommandError::kInvalid);
  EXPECT_TRUE(world.journal.contents().rows.empty());
}

TEST(Participant, FindsAnotherPayloadInConflictAndDoesNothing) {
  World world;
  world.perform(1, Verb::kDo, 30);
  EXPECT_EQ(world.perform(1, Verb::kDo, 31).error, CommandError::kConflict);
  EXPECT_EQ(world.perform(1, Verb::kUndo, 30, "bob").error, CommandError::kConflict);
  EXPECT_EQ(world.balance(), 70);
}

TEST(Grant, CountsOncePerKeyAndRefusesAnotherRequestUnderIt) {
  World world;
  const auto grant = [&](std::int64_t amount, const std::string& holder) {
    return *world.participant.grant(holder, amount, "key", WallTime{1});
  };
  EXPECT_EQ(grant(50, "alice").holding.balance, 150);
  EXPECT_TRUE(grant(50, "alice").replayed);
  EXPECT_EQ(grant(51, "alice").error, OperatorError::kConflict);
  EXPECT_EQ(grant(50, "bob").error, OperatorError::kConflict);
  EXPECT_EQ(world.balance(), 150);
}

TEST(Grant, StaysBelowWhatAHolderCanHold) {
  World world;
  EXPECT_EQ(world.participant.grant("alice", 901, "", WallTime{1})->error, OperatorError::kLimit);
  EXPECT_EQ(world.book.find_name("alice"), kNoName) << "refused before anything was done";
  EXPECT_EQ(world.participant.grant("alice", 900, "", WallTime{1})->holding.balance, 1000);
  EXPECT_EQ(world.participant.grant("alice", 1, "", WallTime{1})->error, OperatorError::kLimit);
}

TEST(Grant, DoesNotMakeAHolderThatOnlyAPriceMakes) {
  World world;
  world.rules.opens = false;
  EXPECT_EQ(world.participant.grant("late-day", 5, "", WallTime{1})->error, OperatorError::kNotFound);
  EXPECT_TRUE(world.participant.set_price("late-day", 10, WallTime{1})->created);
  EXPECT_EQ(world.participant.grant("late-day", 5, "", WallTime{1})->holding, (Holding{5, 5, 10, true, 2}));
  EXPECT_TRUE(world.participant.set_price("late-day", 10, WallTime{1})->replayed);
  EXPECT_EQ(world.participant.set_price("late-day", 11, WallTime{1})->holding.price, 11);
}

/// What orders should have come to, kept by the simplest means.
struct Expected {
  std::map<std::uint64_t, OperationState> orders;
  std::int64_t balance = 0;
  bool open = false;

  void perform(std::uint64_t order, Verb verb, std::int64_t amount) {
    auto& state = orders[order];
    if (verb == Verb::kUndo) {
      if (state == kDone) balance += amount;
      state = state == kNone ? kTombstone : state == kDone ? kUndone : state;
    } else if (state == kNone) {
      if (!open) balance = 100;
      open = true;
      state = balance >= amount ? kDone : kRefused;
      if (state == kDone) balance -= amount;
    }
  }
};

RC_GTEST_PROP(Participant, ComesToTheSameBalanceAsTheProtocolWhateverArrivesAndIsDropped, ()) {
  World world;
  Expected expected;
  Expected committed;
  const int steps = *rc::gen::inRange(0, 120);
  for (int i = 0; i < steps; ++i) {
    const auto what = *rc::gen::inRange(0, 12);
    if (what == 0) {
      world.commit();
      committed = expected;
    } else if (what == 1) {
      world.rollback();
      expected = committed;
    } else {
      const auto order = *rc::gen::inRange<std::uint64_t>(0, 24);
      const auto verb = what < 8 ? Verb::kDo : Verb::kUndo;
      const auto amount = static_cast<std::int64_t>(order) * 3;  // an order's payload never changes
      const auto answer = world.participant.execute({order_number(order), verb, "alice", "", amount}, WallTime{1});
      expected.perform(order, verb, amount);
      RC_ASSERT(answer.has_value());
      RC_ASSERT(answer->error == CommandError::kNone);
      RC_ASSERT(answer->state == expected.orders[order]);
    }
    if (world.book.find_name("alice") != kNoName) {
      RC_ASSERT(world.balance() == expected.balance);
      RC_ASSERT(world.balance_by_journal() == expected.balance);
      RC_ASSERT(world.balance() >= 0);
    }
  }
}

RC_GTEST_PROP(Participant, MakesAtMostOneEffectAndOneReversalForEachOrder, ()) {
  World world;
  const auto commands = *rc::gen::container<std::vector<std::pair<std::uint64_t, bool>>>(
      rc::gen::pair(rc::gen::inRange<std::uint64_t>(0, 6), rc::gen::arbitrary<bool>()));
  for (const auto& [order, is_do] : commands) {
    static_cast<void>(world.participant.execute({order_number(order), is_do ? Verb::kDo : Verb::kUndo, "alice", "", 10},
                                                WallTime{1}));
    world.commit();
  }
  std::map<OrderId, int> effects;
  std::map<OrderId, int> reversals;
  std::int64_t seq = 0;
  for (const auto& row : world.journal.contents().rows) {
    RC_ASSERT(row.seq == ++seq);
    if (row.order && row.delta < 0) RC_ASSERT(++effects[*row.order] == 1);
    if (row.order && row.delta > 0) RC_ASSERT(++reversals[*row.order] == 1);
  }
}

}  // namespace
}  // namespace ldt::participant
