// A journal that fails at any of its calls: what was begun is answered with the error, and a rollback leaves no trace.
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "participant/failure.h"
#include "participant/participant.h"
#include "unit/participant/memory_journal.h"

namespace ldt::participant {
namespace {

/// Stock in small: commands name an item, and what they do adds to the holding.
class ItemRules final : public Rules {
 public:
  [[nodiscard]] const Terms& terms() const override { return kTerms; }
  [[nodiscard]] bool valid_holder(std::string_view name) const override { return name.size() > 1; }
  [[nodiscard]] bool valid_item(std::string_view name) const override { return name == "token"; }
  [[nodiscard]] std::optional<std::int64_t> opening() const override {
    return opens ? std::optional(10) : std::nullopt;
  }
  [[nodiscard]] bool accepts(const Holding&, std::int64_t) const override { return true; }
  bool opens = true;

 private:
  static constexpr Terms kTerms{.sign = 1, .has_item = true, .min_amount = 1, .max_amount = 5, .max_balance = 1000};
};

/// Fails at its n-th call, counting from 1; 0: never.
class FailingJournal final : public Journal {
 public:
  explicit FailingJournal(int fails_at) : fails_at_(fails_at) {}

  Result<std::optional<Operation>> find(const OrderId& order) override {
    if (fails()) return tl::unexpected(error());
    return journal.find(order);
  }
  Result<void> append(const JournalRow& row) override {
    if (fails()) return tl::unexpected(error());
    return journal.append(row);
  }
  Result<void> add_name(NameId id, std::string_view name) override {
    if (fails()) return tl::unexpected(error());
    return journal.add_name(id, name);
  }
  Result<std::optional<std::string>> find_key(std::string_view key) override {
    if (fails()) return tl::unexpected(error());
    return journal.find_key(key);
  }
  Result<void> add_key(std::string_view key, std::string_view request, std::int64_t seq) override {
    if (fails()) return tl::unexpected(error());
    return journal.add_key(key, request, seq);
  }

  [[nodiscard]] int calls() const { return calls_; }
  MemoryJournal journal;

 private:
  bool fails() { return ++calls_ == fails_at_; }
  static Error error() { return {ErrorKind::kInternal, "disk full"}; }
  int calls_ = 0;
  const int fails_at_;
};

struct World {
  explicit World(int fails_at) : journal(fails_at) { book.commit(); }

  ItemRules rules;
  Book book{8};
  FailingJournal journal;
  Participant participant{rules, book, journal};
};

using Request = std::function<bool(World&)>;  // false: it was answered with the error

Request command(Verb verb, std::string_view item = "token") {
  return [=](World& world) {
    return world.participant.execute({order_number(3), verb, "alice", item, 2}, WallTime{1}).has_value();
  };
}

struct Case {
  const char* what;
  Request request;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"a do", command(Verb::kDo)},
      {"an undo", command(Verb::kUndo)},
      {"a grant", [](World& world) { return world.participant.grant("alice", 5, "key", WallTime{1}).has_value(); }},
      {"a price", [](World& world) { return world.participant.set_price("late-day", 5, WallTime{1}).has_value(); }},
      {"a question for an order that memory may have forgotten",
       [](World& world) {
         world.book.set_floor(order_number(9));
         return world.participant.recall(order_number(3)).has_value();
       }},
      {"a do for an order that memory may have forgotten",
       [](World& world) {
         world.book.set_floor(order_number(9));
         return world.participant.execute({order_number(3), Verb::kDo, "alice", "token", 2}, WallTime{1}).has_value();
       }},
  };
  return all;
}

int calls_without_failure(const Request& request) {
  World world(0);
  EXPECT_TRUE(request(world));
  return world.journal.calls();
}

TEST(JournalError, AtAnyCallIsAnsweredAndDropsWhatWasBegun) {
  for (const auto& [what, request] : cases()) {
    const int calls = calls_without_failure(request);
    ASSERT_GT(calls, 0) << what;
    for (int n = 1; n <= calls; ++n) {
      World world(n);
      EXPECT_FALSE(request(world)) << what << ", call " << n;
      EXPECT_EQ(world.journal.calls(), n) << what << " goes on after an error";
      world.book.rollback();
      EXPECT_EQ(world.book.name_count(), 0u) << what << ", call " << n;
      EXPECT_EQ(world.book.last_seq(), 0) << what << ", call " << n;
    }
  }
}

TEST(JournalError, OfTheSecondNameDropsTheFirst) {
  World world(2);
  EXPECT_FALSE(command(Verb::kDo)(world));
  EXPECT_NE(world.book.find_name("alice"), kNoName) << "until the rollback";
  world.book.rollback();
  EXPECT_EQ(world.book.find_name("alice"), kNoName);
}

TEST(Participant, TakesOnlyItemsThatItsRulesKnow) {
  World world(0);
  const auto answer = [&](std::string_view holder, std::string_view item, std::int64_t amount) {
    return world.participant.execute({order_number(1), Verb::kDo, holder, item, amount}, WallTime{1})->error;
  };
  EXPECT_EQ(answer("alice", "", 1), CommandError::kInvalid);
  EXPECT_EQ(answer("alice", "tokens", 1), CommandError::kInvalid);
  EXPECT_EQ(answer("a", "token", 1), CommandError::kInvalid);
  EXPECT_EQ(answer("alice", "token", 0), CommandError::kInvalid);
  EXPECT_EQ(answer("alice", "token", 6), CommandError::kInvalid);
  EXPECT_EQ(answer("alice", "token", 5), CommandError::kNone);
  EXPECT_EQ(world.book.holding(world.book.find_name("alice")).balance, 15);
}

TEST(Participant, DoesWithoutAGrantWhereItsHoldersDoNotOpenWithOne) {
  World world(0);
  world.rules.opens = false;
  EXPECT_TRUE(command(Verb::kDo)(world));
  ASSERT_EQ(world.journal.journal.contents().rows.size(), 1u);
  EXPECT_EQ(world.book.holding(world.book.find_name("alice")).balance, 2);
}

TEST(Grant, StopsWhereAllThatWasEverPutInWouldBeTooMuch) {
  World world(0);
  ASSERT_TRUE(world.participant.grant("alice", 5, "", WallTime{1}));
  world.book.set_holding(world.book.find_name("alice"), {.balance = 0, .granted = kMaxGranted - 1, .open = true});
  EXPECT_EQ(world.participant.grant("alice", 2, "", WallTime{1})->error, OperatorError::kLimit);
  EXPECT_EQ(world.participant.grant("alice", 1, "", WallTime{1})->error, OperatorError::kNone);
}

TEST(Book, DiesOfANameThatIsAddedTwice) {
  Book book;
  book.add_name("alice");
  EXPECT_DEATH(book.add_name("alice"), "added");
}

TEST(Holding, DiffersInEachOfItsParts) {
  const Holding holding{.balance = 1, .granted = 2, .price = 3, .open = true};
  EXPECT_EQ(holding, holding);
  for (const Holding& other : {Holding{.balance = 9, .granted = 2, .price = 3, .open = true}, Holding{1, 9, 3, true},
                               Holding{1, 2, 9, true}, Holding{1, 2, 3, false}, Holding{1, 2, 3, true, 1}}) {
    EXPECT_NE(holding, other);
  }
}

TEST(Operation, AsksTheRulesOnlyForADoOfANewOrder) {
  EXPECT_TRUE(needs_verdict(kNone, Verb::kDo));
  EXPECT_FALSE(needs_verdict(kNone, Verb::kUndo));
  EXPECT_FALSE(needs_verdict(kDone, Verb::kDo));
}

TEST(FailureKind, HasOneNameForEach) {
  const std::string_view names[] = {"TIMEOUT", "UNKNOWN", "CRASH", "DELAY", "REFUSE"};
  for (std::size_t i = 0; i < std::size(names); ++i) EXPECT_EQ(to_string(static_cast<FailureKind>(i)), names[i]);
}

}  // namespace
}  // namespace ldt::participant
