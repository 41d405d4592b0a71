// Every state that one saga can reach, whatever its environment answers: explored completely for small limits.
// Checks the protocol rules in each state, and that each row of the transition table is reached.
#include <algorithm>
#include <deque>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "saga/saga.h"

namespace ldt::saga {
namespace {

constexpr Policy kPolicy{.stuck_after = 2};
constexpr std::uint32_t kMostUndoAttempts = 3;  // beyond this the next attempt differs only in its number

using Key = std::tuple<Phase, OrderState, bool, int, int, std::uint32_t, bool, bool, bool, bool, Outcome, Step>;

Key key_of(const Saga& s) {
  return {s.phase,         s.row,     s.row_exists,  s.position,
          s.may_have_done, s.attempt, s.backing_off, s.every_attempt_timed_out,
          s.cancel_wanted, s.stuck,   s.reason,      s.failed_step};
}

bool writes(Phase phase) {
  return phase == Phase::kAccepting || phase == Phase::kCompleting || phase == Phase::kHolding ||
         phase == Phase::kResuming || phase == Phase::kFailing || phase == Phase::kReverted;
}

void add_rows_found(std::vector<Event>& events, EventKind kind, const std::vector<OrderState>& states) {
  for (const auto state : states) {
    Event event{.kind = kind, .found = state};
    if (state == OrderState::kCompleted) event.outcome = Outcome::kSuccess;
    if (state != OrderState::kRunning && state != OrderState::kCompleted) {
      event.outcome = Outcome::kTimeout;
      event.failed_step = Step::kReserve;
    }
    events.push_back(event);
  }
}

/// The rows that a compare-and-set can meet in place of what it expected.
std::vector<OrderState> rows_met(const Saga& saga) {
  using enum OrderState;
  const std::vector<OrderState> all{kRunning, kHeld, kReverting, kCompleted, kReverted};
  if (saga.phase == Phase::kAccepting) return all;
  std::vector<OrderState> met;
  for (const auto state : all) {
    const bool backwards = saga.row == kReverting && state != kReverted;  // a row that reverts can only end
    if (state != saga.row && !backwards) met.push_back(state);
  }
  return met;
}

std::vector<Event> events_in(const Saga& saga) {
  std::vector<Event> events{
      {.kind = EventKind::kCancel}, {.kind = EventKind::kRetry}, {.kind = EventKind::kBackoffElapsed}};
  if (saga.phase == Phase::kNew) {
    events.push_back({.kind = EventKind::kStart});
    add_rows_found(events, EventKind::kRecover,
                   {OrderState::kRunning, OrderState::kHeld, OrderState::kReverting, OrderState::kCompleted,
                    OrderState::kReverted});
    events.push_back({.kind = EventKind::kRecover, .outcome = Outcome::kTimeout, .failed_step = Step::kAccept});
  }
  const bool write_under_way = writes(saga.phase) && !saga.backing_off;
  if (write_under_way) {
    events.push_back({.kind = EventKind::kWritten});
    add_rows_found(events, EventKind::kConflict, rows_met(saga));
    if (saga.phase == Phase::kFailing && !saga.row_exists)
      events.push_back({.kind = EventKind::kConflict, .absent = true});
  }
  const bool sent = saga.phase == Phase::kDoing || saga.phase == Phase::kUndoing;
  if (sent) {
    for (const auto answer : {Answer::kDone, Answer::kRefused, Answer::kTombstone, Answer::kUndone}) {
      if (saga.phase == Phase::kUndoing && answer == Answer::kDone) continue;  // W4: no undo leaves a DONE
      events.push_back({.kind = EventKind::kAnswer, .step = saga.current_step(), .answer = answer});
    }
    events.push_back({.kind = EventKind::kAnswer, .step = Step::kFinish, .answer = Answer::kDone});  // of another step
  }
  if (saga.phase == Phase::kAccepting && write_under_way) {
    events.push_back({.kind = EventKind::kAnswer, .step = Step::kAccept, .answer = Answer::kRefused});
  }
  const bool limited = saga.phase == Phase::kDoing || saga.phase == Phase::kAccepting;
  if ((sent || write_under_way) && (limited || saga.attempt < kMostUndoAttempts)) {
    for (const auto how : {Outcome::kTimeout, Outcome::kUnknown}) {
      events.push_back(
          {.kind = EventKind::kAttemptFailed, .step = saga.current_step(), .attempt = saga.attempt, .outcome = how});
    }
  }
  return events;
}

/// The protocol rules, as far as one saga can break them.
void check_rules(const Saga& before, const Event& event, const Saga& after, const Actions& actions) {
  const std::string where = std::string(to_string(before.phase)) + ", " + std::string(to_string(event.kind));
  for (const auto& action : actions) {
    const bool sends = action.kind == ActionKind::kSend;
    if (sends && is_undo(action.step)) {
      ASSERT_TRUE(after.row_exists && after.row == OrderState::kReverting) << "W3: an undo left early: " << where;
    }
    if (sends && !is_undo(action.step)) {
      ASSERT_TRUE(after.row_exists && after.row == OrderState::kRunning) << "W1: a do left early: " << where;
      ASSERT_TRUE(after.may_have_done & (1 << after.position)) << "a do left unremembered: " << where;
    }
    if (action.kind == ActionKind::kTellEnded) ASSERT_TRUE(is_final(after.row)) << "W5: told before durable: " << where;
    if (action.kind == ActionKind::kTellHeld) ASSERT_EQ(after.row, OrderState::kHeld) << where;
    if (action.kind == ActionKind::kReject) ASSERT_FALSE(after.row_exists) << where;
    if (action.kind == ActionKind::kWrite && action.to == OrderState::kCompleted) {
      ASSERT_EQ(action.from, OrderState::kRunning) << where;
      ASSERT_EQ(after.position, kPlan.size() - 1) << "W5: completed before three DONE: " << where;
    }
    if (action.kind == ActionKind::kWrite && action.to == OrderState::kReverted) {
      ASSERT_EQ(action.from, OrderState::kReverting) << "W3: " << where;
    }
  }
  if (is_final(before.row) && before.row_exists) ASSERT_EQ(before.row, after.row) << "a final state changed: " << where;
  if (before.ended()) ASSERT_EQ(actions.size(), 0u) << "an ended order acts: " << where;
}

/// Calls `visit(before, event, after, actions)` for every change that a saga with this handling can make.
template <class Visit>
std::size_t explore(OnFailure on_failure, Visit visit) {
  Saga first;
  first.handling = {.max_attempts = 2, .on_failure = on_failure};
  std::set<Key> seen{key_of(first)};
  std::deque<Saga> open{first};
  while (!open.empty() && !testing::Test::HasFatalFailure()) {
    const Saga before = open.front();
    open.pop_front();
    for (const auto& event : events_in(before)) {
      Saga after = before;
      const Actions actions = step(after, event, kPolicy);
      visit(before, event, after, actions);
      if (seen.insert(key_of(after)).second) open.push_back(after);
    }
  }
  return seen.size();
}

class SagaSpace : public testing::TestWithParam<OnFailure> {};

TEST_P(SagaSpace, KeepsTheProtocolInEveryReachableState) {
  const auto states = explore(GetParam(), check_rules);
  EXPECT_GT(states, 100u);
}

INSTANTIATE_TEST_SUITE_P(Handling, SagaSpace, testing::Values(OnFailure::kRevert, OnFailure::kHold),
                         [](const auto& tested) { return std::string(to_string(tested.param)); });

TEST(SagaTable, HasNoRowThatNothingReaches) {
  std::set<std::tuple<Phase, EventKind, Phase>> made;
  const auto remember = [&](const Saga& before, const Event& event, const Saga& after, const Actions&) {
    made.insert({before.phase, event.kind, after.phase});
  };
  for (const auto on_failure : {OnFailure::kRevert, OnFailure::kHold}) explore(on_failure, remember);
  for (auto row = transitions_begin(); row != transitions_end(); ++row) {
    EXPECT_TRUE(made.contains({row->from, row->event, row->to}))
        << to_string(row->from) << " --" << to_string(row->event) << "--> " << to_string(row->to);
  }
}

TEST(SagaTable, StaysInAPhaseForEveryEventThatComesTooLate) {
  Saga ended;
  ended.phase = Phase::kEnded;
  ended.row = OrderState::kCompleted;
  ended.row_exists = true;
  for (const auto kind : {EventKind::kWritten, EventKind::kConflict, EventKind::kAnswer, EventKind::kAttemptFailed,
                          EventKind::kBackoffElapsed, EventKind::kCancel, EventKind::kRetry}) {
    Saga saga = ended;
    EXPECT_EQ(step(saga, {.kind = kind}, kPolicy).size(), 0u) << to_string(kind);
    EXPECT_EQ(saga, ended) << to_string(kind);
  }
}

}  // namespace
}  // namespace ldt::saga
