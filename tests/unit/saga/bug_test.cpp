// What only a bug can bring about ends the process: nothing is guessed, and recovery finds out what happened.
#include <gtest/gtest.h>

#include "unit/saga/walk.h"

namespace ldt::saga {
namespace {

/// A saga in the middle of `phase`, whose row is `row`.
Walk in_phase(Phase phase, OrderState row = OrderState::kRunning) {
  Walk walk;
  walk.saga.phase = phase;
  walk.saga.row = row;
  walk.saga.row_exists = true;
  return walk;
}

TEST(SagaBugDeathTest, AnOrderThatIsUnderWayIsStartedAgain) {
  Walk walk;
  walk.start();
  EXPECT_DEATH(walk.start(), "saga.phase == kNew");
}

TEST(SagaBugDeathTest, AnOrderThatIsUnderWayIsRecovered) {
  Walk walk;
  walk.start();
  EXPECT_DEATH(walk.recovered(OrderState::kRunning), "saga.phase == kNew");
}

TEST(SagaBugDeathTest, ARowVanishes) {
  EXPECT_DEATH(in_phase(Phase::kFailing).no_such_row(), "saga.row_exists");
  EXPECT_DEATH(in_phase(Phase::kCompleting).no_such_row(), "saga.phase == kFailing");
}

TEST(SagaBugDeathTest, AnUndoIsAnsweredWithDone) {
  auto walk = in_phase(Phase::kUndoing, OrderState::kReverting);
  EXPECT_DEATH(walk.answered(Answer::kDone), "event.answer != Answer::kDone");
}

TEST(SagaBugDeathTest, AChangeIsNotInTheTable) {
  auto walk = in_phase(Phase::kCompleting);
  EXPECT_DEATH(walk.conflict(OrderState::kRunning), "allowed");
}

TEST(SagaBugDeathTest, SomethingThatWaitsForNothingBacksOff) {
  auto walk = in_phase(Phase::kHeld, OrderState::kHeld);
  walk.saga.backing_off = true;
  EXPECT_DEATH(walk.backoff_elapsed(), "backing off");
}

TEST(SagaBugDeathTest, OneEventHasThreeActions) {
  Actions actions;
  actions.add({});
  actions.add({});
  EXPECT_DEATH(actions.add({}), "size_ <");
}

TEST(SagaBugDeathTest, AWordIsNoneOfItsSet) {
  EXPECT_DEATH(static_cast<void>(to_string(static_cast<Step>(99))), "index <");
  EXPECT_DEATH(static_cast<void>(to_string(static_cast<OrderState>(99))), "index <");
  EXPECT_DEATH(static_cast<void>(to_string(static_cast<Outcome>(99))), "index <");
  EXPECT_DEATH(static_cast<void>(to_string(static_cast<Participant>(99))), "index <");
  EXPECT_DEATH(static_cast<void>(in_phase(static_cast<Phase>(99)).saga.current_step()), "no such phase");
  EXPECT_DEATH(Walk().recovered(static_cast<OrderState>(99)), "no such state");
  auto walk = in_phase(Phase::kDoing);
  EXPECT_DEATH(walk.answered(static_cast<Answer>(99)), "no such answer");
}

}  // namespace
}  // namespace ldt::saga
