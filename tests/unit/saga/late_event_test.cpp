// Events that belong to something else: an earlier attempt, another step, a phase that has passed. None changes a saga.
#include <gtest/gtest.h>

#include "unit/saga/walk.h"

namespace ldt::saga {
namespace {

Event failed(Step step, std::uint32_t attempt) {
  return {.kind = EventKind::kAttemptFailed, .step = step, .attempt = attempt, .outcome = Outcome::kTimeout};
}

TEST(LateEvent, OfAnotherStepOrAttemptChangesNothing) {
  Walk walk;
  walk.go_to_do(1);
  const Saga before = walk.saga;
  EXPECT_EQ(walk.after(failed(Step::kCharge, 1)), "") << "of the step before";
  EXPECT_EQ(walk.after(failed(Step::kReserve, 2)), "") << "of an attempt that was never made";
  EXPECT_EQ(walk.after({.kind = EventKind::kAnswer, .step = Step::kDeliver}), "");
  EXPECT_EQ(walk.backoff_elapsed(), "");
  EXPECT_EQ(walk.saga, before);
}

TEST(LateEvent, OfTheSameAttemptDuringItsBackoffChangesNothing) {
  Walk walk;
  walk.go_to_do(0);
  EXPECT_EQ(walk.attempt_failed(Outcome::kTimeout), "back off #1");
  EXPECT_EQ(walk.after(failed(Step::kCharge, 1)), "") << "the same failure, told twice";
  EXPECT_EQ(walk.backoff_elapsed(), "send payment.charge #2");
}

TEST(LateEvent, WhileTheOrderIsBeingAcceptedIsOnlyHeardIfItRefusesTheOrder) {
  Walk walk;
  walk.start();
  EXPECT_EQ(walk.after({.kind = EventKind::kAnswer, .step = Step::kCharge, .answer = Answer::kRefused}), "");
  EXPECT_EQ(walk.after({.kind = EventKind::kAnswer, .step = Step::kAccept, .answer = Answer::kDone}), "");
  EXPECT_EQ(walk.after({.kind = EventKind::kAnswer, .step = Step::kAccept, .answer = Answer::kRefused}), "reject");
}

TEST(LateEvent, OfAnUnknownKindChangesNothing) {
  Walk walk;
  walk.go_to_do(0);
  const Saga before = walk.saga;
  EXPECT_EQ(walk.after({.kind = static_cast<EventKind>(99)}), "");
  EXPECT_EQ(walk.saga, before);
}

TEST(Outcome, IsNoneUntilTheOrderHasEnded) {
  Walk walk;
  EXPECT_EQ(walk.saga.outcome(), Outcome::kNone);
  EXPECT_EQ(walk.saga.current_step(), Step::kAccept);
  walk.go_to_do(2);
  EXPECT_EQ(walk.saga.outcome(), Outcome::kNone);
}

TEST(RevertedOrder, IsUndoneInAllThreeStepsWhereAnotherEngineMayHaveSentWhatThisOneDidNot) {
  Walk walk({}, {.several_engines = true});
  walk.go_to_do(0);
  EXPECT_EQ(walk.answered(Answer::kRefused), "write RUNNING>REVERTING payment.charge");
  EXPECT_EQ(walk.written(), "send delivery.revoke #1");
}

TEST(HeldOrder, ThatIsFoundWithoutAFailedStepGoesOnFromTheFirst) {
  Walk walk;
  EXPECT_EQ(walk.recovered(OrderState::kHeld, Outcome::kUnknown, Step::kFinish), "tell held");
  walk.retried();
  EXPECT_EQ(walk.written(), "send payment.charge #1");
}

/// `value` differs from itself with any one of its members changed, as `change` does.
template <class Value, class... Change>
void expect_each_change_to_count(const Value& value, Change... change) {
  EXPECT_EQ(value, value);
  const auto expect_different = [&](auto apply) {
    Value other = value;
    apply(other);
    EXPECT_NE(other, value);
  };
  (expect_different(change), ...);
}

TEST(Saga, DiffersInEachOfItsParts) {
  expect_each_change_to_count(
      Handling{}, [](Handling& other) { ++other.max_attempts; }, [](Handling& other) { ++other.step_timeout; },
      [](Handling& other) { other.on_failure = OnFailure::kHold; });
  expect_each_change_to_count(
      Saga{}, [](Saga& other) { ++other.handling.max_attempts; }, [](Saga& other) { other.phase = Phase::kDoing; },
      [](Saga& other) { other.row = OrderState::kHeld; }, [](Saga& other) { other.row_exists = true; },
      [](Saga& other) { ++other.position; }, [](Saga& other) { ++other.may_have_done; },
      [](Saga& other) { ++other.attempt; }, [](Saga& other) { other.backing_off = true; },
      [](Saga& other) { other.every_attempt_timed_out = false; }, [](Saga& other) { other.cancel_wanted = true; },
      [](Saga& other) { other.stuck = true; }, [](Saga& other) { other.reason = Outcome::kTimeout; },
      [](Saga& other) { other.failed_step = Step::kCharge; });
}

TEST(FailureInstruction, OfAcceptMayRefuseWithEveryBusinessOutcome) {
  for (const auto outcome :
       {Outcome::kInsufficientFund, Outcome::kInsufficientInventory, Outcome::kUndeliverable, Outcome::kCancelled}) {
    const FailureInstruction refusal{.step = Step::kAccept, .kind = FailureKind::kRefuse, .outcome = outcome};
    EXPECT_EQ(!check(refusal, Handling{}), outcome != Outcome::kCancelled) << to_string(outcome);
  }
}

TEST(FailureInstruction, StrikesFromOnceToTheMostThatIsAllowed) {
  EXPECT_FALSE(check({.attempts = 1}, Handling{}));
  EXPECT_FALSE(check({.attempts = kMaxStrikes}, Handling{}));
}

}  // namespace
}  // namespace ldt::saga
