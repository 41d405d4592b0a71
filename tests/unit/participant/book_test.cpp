// The participant's memory: what it holds after commits and rollbacks, and when it must not answer from memory.
#include "participant/book.h"

#include <gtest/gtest.h>

#include "unit/participant/memory_journal.h"

namespace ldt::participant {
namespace {

TEST(Book, NumbersNamesInTheOrderTheyCome) {
  Book book;
  EXPECT_EQ(book.find_name("alice"), kNoName);
  EXPECT_EQ(book.add_name("alice"), 1u);
  EXPECT_EQ(book.add_name("bob"), 2u);
  EXPECT_EQ(book.find_name("alice"), 1u);
  EXPECT_EQ(book.name(2), "bob");
}

TEST(Book, TellsWhatIsCommittedWhileChangesAreTentative) {
  Book book;
  const auto alice = book.add_name("alice");
  book.set_holding(alice, {.balance = 500, .open = true, .last_entry = 7});
  EXPECT_FALSE(book.committed_holding(alice).open);
  book.commit();
  book.set_holding(alice, {.balance = 400, .open = true, .last_entry = 8});
  book.set_holding(alice, {.balance = 300, .open = true, .last_entry = 9});
  const auto bob = book.add_name("bob");
  book.set_holding(bob, {.balance = 1, .open = true});

  EXPECT_EQ(book.holding(alice).balance, 300);
  EXPECT_EQ(book.committed_holding(alice).balance, 500);
  EXPECT_EQ(book.committed_holding(alice).last_entry, 7);
  EXPECT_FALSE(book.committed_holding(bob).open);
  EXPECT_FALSE(book.committed_holding(kNoName).open);
  EXPECT_FALSE(book.committed_holding(bob + 1).open);
  book.commit();
  EXPECT_EQ(book.committed_holding(alice).balance, 300);
  EXPECT_TRUE(book.committed_holding(bob).open);
}

TEST(Book, ForgetsOnRollbackAllSinceTheLastCommit) {
  Book book;
  const auto alice = book.add_name("alice");
  book.set_holding(alice, {.balance = 500, .open = true});
  book.remember(order_number(1), {kDone, {.holder = alice, .amount = 10}});
  EXPECT_EQ(book.next_seq(), 1);
  book.commit();

  book.add_name("bob");
  book.set_holding(alice, {.balance = 400, .open = true});
  book.set_holding(alice, {.balance = 300, .open = true});
  book.set_holding(2, {.balance = 1, .open = true});
  book.remember(order_number(1), {kUndone, {.holder = alice, .amount = 10}});
  book.remember(order_number(2), {kDone, {.holder = alice, .amount = 100}});
  EXPECT_EQ(book.next_seq(), 2);
  book.rollback();

  EXPECT_EQ(book.find_name("bob"), kNoName);
  EXPECT_EQ(book.name_count(), 1u);
  EXPECT_EQ(book.holding(alice).balance, 500);
  EXPECT_EQ(book.recall(order_number(1))->state, kDone);
  EXPECT_EQ(book.recall(order_number(2))->state, kNone);
  EXPECT_EQ(book.last_seq(), 1);
  EXPECT_EQ(book.unsaved(), std::vector<NameId>{alice});
  EXPECT_EQ(book.add_name("carol"), 2u) << "the number of a name that never was is free";
}

TEST(Book, SaysNothingOfOrdersThatItMayHaveForgotten) {
  Book book(2);
  for (std::uint64_t n = 1; n <= 4; ++n) book.remember(order_number(n), {kDone, {}});
  book.commit();
  EXPECT_EQ(book.recall(order_number(1)), std::nullopt) << "forgotten: only the storage knows";
  EXPECT_EQ(book.recall(order_number(2)), std::nullopt);
  EXPECT_EQ(book.recall(order_number(0)), std::nullopt) << "older than what is remembered";
  EXPECT_EQ(book.recall(order_number(3))->state, kDone);
  EXPECT_EQ(book.recall(order_number(5))->state, kNone) << "surely new";
}

TEST(Book, TellsWhatIsCommittedOfAHolderWhoeverElseChanges) {
  Book book;
  const auto alice = book.add_name("alice");
  const auto bob = book.add_name("bob");
  book.set_holding(alice, {.balance = 500, .open = true});
  book.set_holding(bob, {.balance = 20, .open = true});
  book.commit();
  book.set_holding(bob, {.balance = 10, .open = true});
  book.set_holding(alice, {.balance = 400, .open = true});
  EXPECT_EQ(book.committed_holding(alice).balance, 500);
  EXPECT_EQ(book.committed_holding(bob).balance, 20);
}

TEST(Book, ForgetsInTheOrderOfArrivalAndKnowsItsGapsByTheYoungest) {
  Book book(1);
  for (const std::uint64_t n : {5U, 2U, 9U}) book.remember(order_number(n), {kDone, {}});  // 2 comes late
  book.commit();
  for (const std::uint64_t n : {2U, 4U, 5U}) {
    EXPECT_EQ(book.recall(order_number(n)), std::nullopt) << n << ": may have been forgotten with 5";
  }
  EXPECT_EQ(book.recall(order_number(6))->state, kNone);
}

TEST(Book, ForgetsNothingBeforeItsCommit) {
  Book book(1);
  for (std::uint64_t n = 1; n <= 3; ++n) book.remember(order_number(n), {kDone, {}});
  for (std::uint64_t n = 1; n <= 3; ++n) EXPECT_EQ(book.recall(order_number(n))->state, kDone);
  book.rollback();
  for (std::uint64_t n = 1; n <= 3; ++n) EXPECT_EQ(book.recall(order_number(n))->state, kNone);
}

TEST(Book, ListsEachChangedHoldingOnceUntilItIsSaved) {
  Book book;
  const auto alice = book.add_name("alice");
  const auto bob = book.add_name("bob");
  book.set_holding(bob, {.balance = 1});
  book.set_holding(alice, {.balance = 2});
  book.set_holding(bob, {.balance = 3});
  book.commit();
  EXPECT_EQ(book.unsaved(), (std::vector<NameId>{bob, alice}));
  book.clear_unsaved();
  EXPECT_TRUE(book.unsaved().empty());
  book.set_holding(alice, {.balance = 4});
  EXPECT_EQ(book.unsaved(), std::vector<NameId>{alice});
  book.commit();
  EXPECT_EQ(book.take_unsaved(), std::vector<NameId>{alice});
  book.set_holding(alice, {.balance = 0});
  EXPECT_EQ(book.unsaved(), std::vector<NameId>{alice}) << "each change after a saving is to be saved, too";
}

}  // namespace
}  // namespace ldt::participant
