// The saga of one order, told as stories: what it wants done after each event.
// What holds in every reachable state is in saga_space_test.cpp.
#include "saga/saga.h"

#include <gtest/gtest.h>

#include "unit/saga/walk.h"

namespace ldt::saga {
namespace {

constexpr Handling kHold{.on_failure = OnFailure::kHold};

TEST(PlaceOrderSaga, ChargesReservesDeliversAndCompletes) {
  Walk walk;
  EXPECT_EQ(walk.start(), "write nothing>RUNNING order.accept");
  EXPECT_EQ(walk.written(), "send payment.charge #1");
  EXPECT_EQ(walk.answered(Answer::kDone), "send inventory.reserve #1");
  EXPECT_EQ(walk.answered(Answer::kDone), "send delivery.deliver #1");
  EXPECT_EQ(walk.answered(Answer::kDone), "write RUNNING>COMPLETED order.finish");
  EXPECT_EQ(walk.written(), "tell ended");
  EXPECT_EQ(walk.saga.outcome(), Outcome::kSuccess);
}

TEST(PlaceOrderSaga, RefundsNothingWhenTheChargeIsRefused) {
  Walk walk;
  walk.go_to_do(0);
  EXPECT_EQ(walk.answered(Answer::kRefused), "write RUNNING>REVERTING payment.charge");
  EXPECT_EQ(walk.written(), "write REVERTING>REVERTED order.finish");
  EXPECT_EQ(walk.written(), "tell ended");
  EXPECT_EQ(walk.saga.outcome(), Outcome::kInsufficientFund);
  EXPECT_EQ(walk.saga.failed_step, Step::kCharge);
}

TEST(PlaceOrderSaga, RefundsThePaymentWhenThereIsNoStock) {
  Walk walk;
  walk.go_to_do(1);
  EXPECT_EQ(walk.answered(Answer::kRefused), "write RUNNING>REVERTING inventory.reserve");
  EXPECT_EQ(walk.written(), "send payment.refund #1");
  EXPECT_EQ(walk.answered(Answer::kUndone), "write REVERTING>REVERTED order.finish");
  walk.written();
  EXPECT_EQ(walk.saga.outcome(), Outcome::kInsufficientInventory);
}

TEST(PlaceOrderSaga, ReleasesThenRefundsWhenDeliveryIsRefused) {
  Walk walk;
  walk.go_to_do(2);
  EXPECT_EQ(walk.answered(Answer::kRefused), "write RUNNING>REVERTING delivery.deliver");
  EXPECT_EQ(walk.written(), "send inventory.release #1");
  EXPECT_EQ(walk.answered(Answer::kUndone), "send payment.refund #1");
  EXPECT_EQ(walk.answered(Answer::kUndone), "write REVERTING>REVERTED order.finish");
  walk.written();
  EXPECT_EQ(walk.saga.outcome(), Outcome::kUndeliverable);
}

TEST(PlaceOrderSaga, UndoesTheStepInDoubtToo) {
  Walk walk;
  walk.go_to_do(2);
  EXPECT_EQ(walk.fail_every_attempt(Outcome::kTimeout), "write RUNNING>REVERTING delivery.deliver");
  EXPECT_EQ(walk.written(), "send delivery.revoke #1");
  EXPECT_EQ(walk.answered(Answer::kTombstone), "send inventory.release #1");
  EXPECT_EQ(walk.answered(Answer::kUndone), "send payment.refund #1");
}

TEST(PlaceOrderSaga, TriesADoAsOftenAsItsHandlingSays) {
  for (const std::uint32_t attempts : {1u, 2u, 3u, 10u}) {
    Walk walk({.max_attempts = attempts});
    walk.go_to_do(0);
    for (std::uint32_t n = 1; n < attempts; ++n) {
      EXPECT_EQ(walk.attempt_failed(Outcome::kUnknown), "back off #" + std::to_string(n));
      EXPECT_EQ(walk.backoff_elapsed(), "send payment.charge #" + std::to_string(n + 1));
    }
    EXPECT_EQ(walk.attempt_failed(Outcome::kUnknown), "write RUNNING>REVERTING payment.charge");
  }
}

TEST(PlaceOrderSaga, GoesOnWhenALaterAttemptSucceedsAndStartsCountingAnew) {
  Walk walk;
  walk.go_to_do(0);
  walk.attempt_failed(Outcome::kTimeout);
  walk.backoff_elapsed();
  EXPECT_EQ(walk.answered(Answer::kDone), "send inventory.reserve #1");
  EXPECT_EQ(walk.attempt_failed(Outcome::kTimeout), "back off #1");
}

TEST(PlaceOrderSaga, TakesTheLateAnswerToAnEarlierAttempt) {
  Walk walk;
  walk.go_to_do(0);
  walk.attempt_failed(Outcome::kTimeout);
  EXPECT_EQ(walk.answered(Answer::kDone), "send inventory.reserve #1");
  EXPECT_EQ(walk.backoff_elapsed(), "") << "the backoff belonged to the step before";
}

struct EndOfAttempts {
  Outcome first, last, outcome;
};

TEST(PlaceOrderSaga, IsATimeoutOnlyIfEveryAttemptTimedOut) {
  using enum Outcome;
  const EndOfAttempts rows[] = {{kTimeout, kTimeout, kTimeout},
                                {kTimeout, kUnknown, kUnknown},
                                {kUnknown, kTimeout, kUnknown},
                                {kUnknown, kUnknown, kUnknown}};
  for (const auto& row : rows) {
    Walk walk({.max_attempts = 2});
    walk.go_to_do(1);
    walk.attempt_failed(row.first);
    walk.backoff_elapsed();
    walk.attempt_failed(row.last);
    EXPECT_EQ(walk.saga.reason, row.outcome) << to_string(row.first) << ", " << to_string(row.last);
  }
}

TEST(PlaceOrderSaga, TriesAnUndoForEverAndBecomesStuck) {
  Walk walk({}, {.stuck_after = 10});
  walk.go_to_do(0);
  walk.fail_every_attempt(Outcome::kTimeout);
  walk.written();
  for (int n = 1; n <= 50; ++n) {
    EXPECT_EQ(walk.attempt_failed(Outcome::kUnknown), "back off #" + std::to_string(n));
    EXPECT_EQ(walk.saga.stuck, n >= 10) << n;
    EXPECT_EQ(walk.backoff_elapsed(), "send payment.refund #" + std::to_string(n + 1));
  }
  EXPECT_EQ(walk.answered(Answer::kUndone), "write REVERTING>REVERTED order.finish");
  EXPECT_FALSE(walk.saga.stuck);
}

TEST(PlaceOrderSaga, TakesAnUndoOfARefusedStepAsDone) {
  Walk walk;
  walk.recovered(OrderState::kReverting, Outcome::kInsufficientInventory, Step::kReserve);
  EXPECT_EQ(walk.answered(Answer::kTombstone), "send inventory.release #1");
  EXPECT_EQ(walk.answered(Answer::kRefused), "send payment.refund #1");
}

TEST(AcceptingAnOrder, IsTriedAgainAndThenGoesOn) {
  Walk walk;
  walk.start();
  EXPECT_EQ(walk.attempt_failed(Outcome::kTimeout), "back off #1");
  EXPECT_EQ(walk.backoff_elapsed(), "write nothing>RUNNING order.accept");
  EXPECT_EQ(walk.written(), "send payment.charge #1");
}

TEST(AcceptingAnOrder, LeavesNoOrderWhenItNeverBecameDurable) {
  Walk walk;
  walk.start();
  EXPECT_EQ(walk.fail_every_attempt(Outcome::kTimeout), "write RUNNING>REVERTING order.accept");
  EXPECT_EQ(walk.no_such_row(), "reject");
  EXPECT_TRUE(walk.saga.ended());
  EXPECT_EQ(walk.saga.outcome(), Outcome::kTimeout);
}

TEST(AcceptingAnOrder, RevertsTheOrderThatBecameDurableUnseen) {
  Walk walk;
  walk.start();
  walk.fail_every_attempt(Outcome::kUnknown);
  EXPECT_EQ(walk.written(), "write REVERTING>REVERTED order.finish") << "nothing has been sent";
  EXPECT_EQ(walk.written(), "tell ended");
  EXPECT_EQ(walk.saga.outcome(), Outcome::kUnknown);
  EXPECT_EQ(walk.saga.failed_step, Step::kAccept);
}

TEST(AcceptingAnOrder, IsNeverHeld) {
  Walk walk(kHold);
  walk.start();
  EXPECT_EQ(walk.fail_every_attempt(Outcome::kTimeout), "write RUNNING>REVERTING order.accept");
}

TEST(AcceptingAnOrder, GoesOnWhenAnEarlierTryTurnsOutToBeDurable) {
  Walk walk;
  walk.start();
  walk.attempt_failed(Outcome::kTimeout);
  walk.backoff_elapsed();
  EXPECT_EQ(walk.conflict(OrderState::kRunning), "send payment.charge #1");
}

TEST(HeldOrder, WaitsWithNothingUndone) {
  Walk walk(kHold);
  walk.go_to_do(1);
  EXPECT_EQ(walk.fail_every_attempt(Outcome::kTimeout), "write RUNNING>HELD inventory.reserve");
  EXPECT_EQ(walk.written(), "tell held");
  EXPECT_EQ(walk.backoff_elapsed(), "");
  EXPECT_EQ(walk.answered(Answer::kDone), "") << "a late answer changes nothing: retry will hear it again";
  EXPECT_EQ(walk.saga.reason, Outcome::kTimeout);
}

TEST(HeldOrder, GoesOnFromTheStepThatFailedWhenRetried) {
  Walk walk(kHold);
  walk.go_to_do(1);
  walk.fail_every_attempt(Outcome::kTimeout);
  walk.written();
  EXPECT_EQ(walk.retried(), "write HELD>RUNNING inventory.reserve");
  EXPECT_EQ(walk.written(), "send inventory.reserve #1");
  EXPECT_EQ(walk.answered(Answer::kDone), "send delivery.deliver #1");
}

TEST(HeldOrder, RevertsWhenCancelled) {
  Walk walk(kHold);
  walk.go_to_do(1);
  walk.fail_every_attempt(Outcome::kTimeout);
  walk.written();
  EXPECT_EQ(walk.cancelled(), "write HELD>REVERTING inventory.reserve");
  EXPECT_EQ(walk.written(), "send inventory.release #1");
  EXPECT_EQ(walk.answered(Answer::kUndone), "send payment.refund #1");
  walk.answered(Answer::kUndone);
  walk.written();
  EXPECT_EQ(walk.saga.outcome(), Outcome::kCancelled);
}

TEST(HeldOrder, StillWaitsAfterARestartAndThenTriesTheStepAgain) {
  Walk walk(kHold);
  EXPECT_EQ(walk.recovered(OrderState::kHeld, Outcome::kTimeout, Step::kReserve), "tell held");
  walk.retried();
  EXPECT_EQ(walk.written(), "send inventory.reserve #1");
}

TEST(HeldOrder, RevertsForABusinessRefusalAllTheSame) {
  Walk walk(kHold);
  walk.go_to_do(1);
  EXPECT_EQ(walk.answered(Answer::kRefused), "write RUNNING>REVERTING inventory.reserve");
}

TEST(CancelledOrder, IsRevertedFromWhereverItIs) {
  for (std::size_t position = 0; position < kPlan.size(); ++position) {
    Walk walk;
    walk.go_to_do(position);
    const std::string step_at_work(to_string(kPlan.at(position).do_step));
    EXPECT_EQ(walk.cancelled(), "write RUNNING>REVERTING " + step_at_work);
    EXPECT_EQ(walk.written(), "send " + std::string(to_string(kPlan.at(position).undo_step)) + " #1");
    EXPECT_EQ(walk.saga.reason, Outcome::kCancelled);
  }
}

TEST(CancelledOrder, WaitsForTheRowThatIsBeingWritten) {
  Walk walk;
  walk.start();
  EXPECT_EQ(walk.cancelled(), "");
  EXPECT_EQ(walk.written(), "write RUNNING>REVERTING order.accept");
  EXPECT_EQ(walk.written(), "write REVERTING>REVERTED order.finish");
  walk.written();
  EXPECT_EQ(walk.saga.outcome(), Outcome::kCancelled);
}

TEST(CancelledOrder, IsNotForgottenWhenTheRowTurnsOutToBeWrittenAlready) {
  Walk walk;
  walk.start();
  walk.attempt_failed(Outcome::kTimeout);
  walk.cancelled();
  walk.backoff_elapsed();
  EXPECT_EQ(walk.conflict(OrderState::kRunning).substr(0, 23), "write RUNNING>REVERTING");
}

TEST(CancelledOrder, CompletesWhenTheCancelCameTooLate) {
  Walk walk;
  walk.go_to_do(2);
  walk.answered(Answer::kDone);
  EXPECT_EQ(walk.cancelled(), "");
  walk.written();
  EXPECT_EQ(walk.saga.outcome(), Outcome::kSuccess);
}

TEST(RecoveredOrder, IsDrivenAgainFromTheFirstStep) {
  Walk walk;
  EXPECT_EQ(walk.recovered(OrderState::kRunning), "send payment.charge #1");
}

TEST(RecoveredOrder, IsRevertedWhereItsInstructionsNeverLetItBeAccepted) {
  Walk walk;
  EXPECT_EQ(walk.recovered(OrderState::kRunning, Outcome::kTimeout, Step::kAccept),
            "write RUNNING>REVERTING order.accept");
  EXPECT_EQ(walk.written(), "send delivery.revoke #1");
}

TEST(RecoveredOrder, UndoesAllThreeStepsSinceAnyMayHaveBeenSent) {
  Walk walk;
  EXPECT_EQ(walk.recovered(OrderState::kReverting, Outcome::kInsufficientFund, Step::kCharge),
            "send delivery.revoke #1");
  EXPECT_EQ(walk.answered(Answer::kTombstone), "send inventory.release #1");
  EXPECT_EQ(walk.answered(Answer::kTombstone), "send payment.refund #1");
  EXPECT_EQ(walk.answered(Answer::kRefused), "write REVERTING>REVERTED order.finish");
  walk.written();
  EXPECT_EQ(walk.saga.outcome(), Outcome::kInsufficientFund);
}

TEST(RecoveredOrder, UndoesAllThreeWhenItsFirstStepIsRefusedAfterTheRestart) {
  Walk walk;
  walk.recovered(OrderState::kRunning);
  EXPECT_EQ(walk.attempt_failed(Outcome::kTimeout), "back off #1");
  walk.cancelled();
  EXPECT_EQ(walk.written(), "send delivery.revoke #1") << "the engine before may have sent all three";
}

TEST(RecoveredOrder, KeepsTheEndItHad) {
  Walk completed;
  EXPECT_EQ(completed.recovered(OrderState::kCompleted, Outcome::kSuccess), "tell ended");
  EXPECT_EQ(completed.saga.outcome(), Outcome::kSuccess);
  Walk reverted;
  EXPECT_EQ(reverted.recovered(OrderState::kReverted, Outcome::kTimeout, Step::kDeliver), "tell ended");
  EXPECT_EQ(reverted.saga.outcome(), Outcome::kTimeout);
}

TEST(TwoEngines, AgreeOnWhatTheRowSays) {
  Walk walk;
  walk.go_to_do(2);
  walk.answered(Answer::kDone);
  EXPECT_EQ(walk.conflict(OrderState::kReverting, Outcome::kCancelled, Step::kReserve), "send delivery.revoke #1");
  for (int undo = 0; undo < 3; ++undo) walk.answered(Answer::kUndone);
  walk.written();
  EXPECT_EQ(walk.saga.outcome(), Outcome::kCancelled);
}

TEST(TwoEngines, DoNotRevertWhatTheOtherCompleted) {
  Walk walk;
  walk.go_to_do(2);
  walk.fail_every_attempt(Outcome::kTimeout);
  EXPECT_EQ(walk.conflict(OrderState::kCompleted, Outcome::kSuccess), "tell ended");
  EXPECT_EQ(walk.saga.outcome(), Outcome::kSuccess);
}

TEST(TwoEngines, LearnFromATombstoneThatTheOtherReverts) {
  for (const auto answer : {Answer::kTombstone, Answer::kUndone}) {
    Walk walk;
    walk.go_to_do(1);
    EXPECT_EQ(walk.answered(answer), "write RUNNING>REVERTING inventory.reserve");
    EXPECT_EQ(walk.conflict(OrderState::kReverted, Outcome::kCancelled, Step::kCharge), "tell ended");
    EXPECT_EQ(walk.saga.outcome(), Outcome::kCancelled);
  }
}

TEST(SagaDiagram, IsMadeFromTheTable) {
  const auto diagram = transition_diagram();
  EXPECT_EQ(diagram.rfind("stateDiagram-v2\n", 0), 0u);
  for (auto row = transitions_begin(); row != transitions_end(); ++row) {
    const std::string line = std::string(to_string(row->from)) + " --> " + std::string(to_string(row->to)) + ": " +
                             std::string(to_string(row->event));
    EXPECT_NE(diagram.find(line), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace ldt::saga
