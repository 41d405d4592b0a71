// The words of an order: each has one name, and no other text is taken for it.
#include "saga/vocabulary.h"

#include <set>

#include <gtest/gtest.h>

namespace ldt::saga {
namespace {

TEST(Vocabulary, NamesTheEightStepsAsTheApiDoes) {
  const std::string_view names[] = {"order.accept",    "payment.charge",    "inventory.reserve", "delivery.deliver",
                                    "delivery.revoke", "inventory.release", "payment.refund",    "order.finish"};
  for (std::size_t i = 0; i < kStepCount; ++i) {
    EXPECT_EQ(to_string(static_cast<Step>(i)), names[i]);
    EXPECT_EQ(parse_step(names[i]), static_cast<Step>(i));
  }
}

TEST(Vocabulary, ReadsBackEveryStateAndOutcome) {
  std::set<std::string_view> seen;
  for (int i = 0; i < 5; ++i) {
    const auto state = static_cast<OrderState>(i);
    EXPECT_EQ(parse_order_state(to_string(state)), state);
    EXPECT_TRUE(seen.insert(to_string(state)).second);
  }
  for (int i = 1; i < 8; ++i) {
    const auto outcome = static_cast<Outcome>(i);
    EXPECT_EQ(parse_outcome(to_string(outcome)), outcome);
    EXPECT_TRUE(seen.insert(to_string(outcome)).second);
  }
  EXPECT_EQ(to_string(Outcome::kNone), "");
}

TEST(Vocabulary, TakesNothingElse) {
  for (const std::string_view text : {"", "ORDER.ACCEPT", "payment", "payment.charge ", "charge"}) {
    EXPECT_EQ(parse_step(text), std::nullopt) << text;
  }
  for (const std::string_view text : {"", "running", "DONE", "SUCCESS"})
    EXPECT_EQ(parse_order_state(text), std::nullopt);
  for (const std::string_view text : {"", "success", "RUNNING", "NONE"}) EXPECT_EQ(parse_outcome(text), std::nullopt);
}

TEST(Plan, PairsEachDoWithTheUndoOfTheSameParticipant) {
  for (const auto& planned : kPlan) {
    EXPECT_FALSE(is_undo(planned.do_step));
    EXPECT_TRUE(is_undo(planned.undo_step));
    const auto owner = to_string(planned.participant);
    EXPECT_EQ(to_string(planned.do_step).substr(0, owner.size()), owner);
    EXPECT_EQ(to_string(planned.undo_step).substr(0, owner.size()), owner);
  }
}

TEST(OrderState, IsFinalOnlyWhenCompletedOrReverted) {
  EXPECT_TRUE(is_final(OrderState::kCompleted));
  EXPECT_TRUE(is_final(OrderState::kReverted));
  for (const auto state : {OrderState::kRunning, OrderState::kHeld, OrderState::kReverting})
    EXPECT_FALSE(is_final(state));
}

}  // namespace
}  // namespace ldt::saga
