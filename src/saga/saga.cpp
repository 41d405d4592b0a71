#include "saga/saga.h"

#include <algorithm>

#include "base/check.h"

namespace ldt::saga {
namespace {

using enum Phase;
using E = EventKind;

constexpr std::uint8_t kAllSteps = (1U << kPlan.size()) - 1;
constexpr std::uint8_t kLast = kPlan.size() - 1;

// Staying in a phase is always allowed: a retry, a stale answer, a cancel that has to wait.
constexpr std::array kTransitions{
    Transition{kNew, E::kStart, kAccepting},
    Transition{kNew, E::kRecover, kDoing},
    Transition{kNew, E::kRecover, kFailing},  // accepted in doubt for ever, see accept_failure()
    Transition{kNew, E::kRecover, kHeld},
    Transition{kNew, E::kRecover, kUndoing},
    Transition{kNew, E::kRecover, kEnded},
    Transition{kAccepting, E::kWritten, kDoing},
    Transition{kAccepting, E::kWritten, kFailing},        // cancelled meanwhile
    Transition{kAccepting, E::kAnswer, kEnded},           // refused: the order never was
    Transition{kAccepting, E::kAttemptFailed, kFailing},  // in doubt: if there is a row, it is reverted
    Transition{kDoing, E::kAnswer, kCompleting},
    Transition{kDoing, E::kAnswer, kFailing},         // refused, or another engine undid it
    Transition{kDoing, E::kAttemptFailed, kFailing},  // the last attempt
    Transition{kDoing, E::kAttemptFailed, kHolding},
    Transition{kDoing, E::kCancel, kFailing},
    Transition{kCompleting, E::kWritten, kEnded},
    Transition{kHolding, E::kWritten, kHeld},
    Transition{kHolding, E::kWritten, kFailing},  // cancelled meanwhile
    Transition{kHeld, E::kRetry, kResuming},
    Transition{kHeld, E::kCancel, kFailing},
    Transition{kResuming, E::kWritten, kDoing},
    Transition{kResuming, E::kWritten, kFailing},  // cancelled meanwhile
    Transition{kFailing, E::kWritten, kUndoing},
    Transition{kFailing, E::kWritten, kReverted},  // nothing to undo
    Transition{kFailing, E::kConflict, kEnded},    // there is no row: the order never was
    Transition{kUndoing, E::kAnswer, kReverted},
    Transition{kReverted, E::kWritten, kEnded},
    // Another engine drove the same order and changed its row first: go on from what it wrote.
    Transition{kAccepting, E::kConflict, kDoing},
    Transition{kAccepting, E::kConflict, kFailing},  // cancelled meanwhile, here as below
    Transition{kAccepting, E::kConflict, kHeld},
    Transition{kAccepting, E::kConflict, kUndoing},
    Transition{kAccepting, E::kConflict, kEnded},
    Transition{kCompleting, E::kConflict, kHeld},
    Transition{kCompleting, E::kConflict, kUndoing},
    Transition{kCompleting, E::kConflict, kEnded},
    Transition{kHolding, E::kConflict, kHeld},
    Transition{kHolding, E::kConflict, kFailing},
    Transition{kHolding, E::kConflict, kUndoing},
    Transition{kHolding, E::kConflict, kEnded},
    Transition{kResuming, E::kConflict, kDoing},
    Transition{kResuming, E::kConflict, kFailing},
    Transition{kResuming, E::kConflict, kUndoing},
    Transition{kResuming, E::kConflict, kEnded},
    Transition{kFailing, E::kConflict, kDoing},
    Transition{kFailing, E::kConflict, kHeld},
    Transition{kFailing, E::kConflict, kUndoing},
    Transition{kReverted, E::kConflict, kEnded},
};

bool allowed(Phase from, EventKind event, Phase to) {
  return from == to || std::any_of(kTransitions.begin(), kTransitions.end(), [&](const Transition& row) {
           return row.from == from && row.event == event && row.to == to;
         });
}

std::uint8_t bit(std::uint8_t position) { return static_cast<std::uint8_t>(1U << position); }

std::uint8_t position_of(Step do_step) {
  for (std::size_t i = 0; i < kPlan.size(); ++i) {
    if (kPlan[i].do_step == do_step) return static_cast<std::uint8_t>(i);
  }
  return 0;
}

void begin_step(Saga& saga) {
  saga.attempt = 1;
  saga.backing_off = false;
  saga.every_attempt_timed_out = true;
}

// --- actions ---

void write(const Saga& saga, OrderState to, Step step, Actions& actions) {
  actions.add({.kind = ActionKind::kWrite, .step = step, .attempt = saga.attempt, .from = saga.row, .to = to});
}

void send(Saga& saga, Actions& actions) {
  if (saga.phase == kDoing) saga.may_have_done |= bit(saga.position);
  actions.add({.kind = ActionKind::kSend, .step = saga.current_step(), .attempt = saga.attempt});
}

void write_final(const Saga& saga, Actions& actions) {
  write(saga, saga.phase == kCompleting ? OrderState::kCompleted : OrderState::kReverted, Step::kFinish, actions);
}

void back_off(Saga& saga, Actions& actions) {
  saga.backing_off = true;
  actions.add({.kind = ActionKind::kBackoff, .step = saga.current_step(), .attempt = saga.attempt});
}

// --- moves ---

void do_from(Saga& saga, std::uint8_t position, Actions& actions) {
  saga.phase = kDoing;
  saga.position = position;
  saga.reason = Outcome::kNone;
  begin_step(saga);
  send(saga, actions);
}

void fail(Saga& saga, Outcome reason, Step failed_step, Actions& actions) {
  saga.phase = kFailing;
  saga.reason = reason;
  saga.failed_step = failed_step;
  begin_step(saga);
  write(saga, OrderState::kReverting, failed_step, actions);
}

void cancel(Saga& saga, Actions& actions) {
  saga.cancel_wanted = false;
  fail(saga, Outcome::kCancelled, saga.phase == kHeld ? saga.failed_step : saga.current_step(), actions);
}

/// Undoes the newest step, at or below `from`, that may have happened; writes REVERTED where none is left.
void undo_from(Saga& saga, int from, Actions& actions) {
  begin_step(saga);
  saga.stuck = false;
  while (from >= 0 && (saga.may_have_done & bit(static_cast<std::uint8_t>(from))) == 0) --from;
  if (from < 0) {
    saga.phase = kReverted;
    write_final(saga, actions);
    return;
  }
  saga.phase = kUndoing;
  saga.position = static_cast<std::uint8_t>(from);
  send(saga, actions);
}

void end(Saga& saga, Actions& actions) {
  saga.phase = kEnded;
  saga.stuck = false;
  actions.add({.kind = ActionKind::kTellEnded});
}

void reject(Saga& saga, Actions& actions) {
  saga.phase = kEnded;
  actions.add({.kind = ActionKind::kReject});
}

void rest_held(Saga& saga, Actions& actions) {
  saga.phase = kHeld;
  begin_step(saga);
  actions.add({.kind = ActionKind::kTellHeld});
}

/// Goes on from a row that this engine did not write: any of the three steps may have been sent.
void adopt(Saga& saga, const Event& event, Actions& actions) {
  saga.row = event.found;
  saga.row_exists = true;
  saga.may_have_done = kAllSteps;
  saga.reason = event.outcome;
  saga.failed_step = event.failed_step;
  const bool can_cancel = event.found == OrderState::kRunning || event.found == OrderState::kHeld;
  if (saga.cancel_wanted && can_cancel) return cancel(saga, actions);
  saga.cancel_wanted = false;
  switch (event.found) {
    case OrderState::kRunning:
      if (event.outcome != Outcome::kNone) return fail(saga, event.outcome, event.failed_step, actions);
      return do_from(saga, 0, actions);
    case OrderState::kReverting:
      return undo_from(saga, kLast, actions);
    case OrderState::kHeld:
      saga.position = position_of(event.failed_step);
      return rest_held(saga, actions);
    case OrderState::kCompleted:
    case OrderState::kReverted:
      return end(saga, actions);
  }
  CHECK(!"no such state of a row");
}

// --- events ---

void on_start(Saga& saga, Actions& actions) {
  CHECK(saga.phase == kNew);
  saga.phase = kAccepting;
  begin_step(saga);
  write(saga, OrderState::kRunning, Step::kAccept, actions);
}

void on_written(Saga& saga, const Policy& policy, Actions& actions) {
  saga.row_exists = true;
  switch (saga.phase) {
    case kAccepting:
    case kResuming:
      saga.row = OrderState::kRunning;
      return saga.cancel_wanted ? cancel(saga, actions) : do_from(saga, saga.position, actions);
    case kHolding:
      saga.row = OrderState::kHeld;
      return saga.cancel_wanted ? cancel(saga, actions) : rest_held(saga, actions);
    case kFailing:
      saga.row = OrderState::kReverting;
      if (policy.several_engines) saga.may_have_done = kAllSteps;  // another may have sent what this one did not
      return undo_from(saga, kLast, actions);
    case kCompleting:
      saga.row = OrderState::kCompleted;
      return end(saga, actions);
    case kReverted:
      saga.row = OrderState::kReverted;
      return end(saga, actions);
    default:
      return;  // stale: the phase moved on after a write that was tried twice
  }
}

bool writing(Phase phase) {
  return phase == kAccepting || phase == kCompleting || phase == kHolding || phase == kResuming || phase == kFailing ||
         phase == kReverted;
}

void on_conflict(Saga& saga, const Event& event, Actions& actions) {
  if (!writing(saga.phase)) return;
  if (!event.absent) return adopt(saga, event, actions);
  CHECK(saga.phase == kFailing && !saga.row_exists);  // a row never vanishes
  reject(saga, actions);
}

void on_do_answer(Saga& saga, Answer answer, Actions& actions) {
  switch (answer) {
    case Answer::kDone:
      if (saga.position < kLast) return do_from(saga, static_cast<std::uint8_t>(saga.position + 1), actions);
      saga.phase = kCompleting;
      begin_step(saga);
      return write_final(saga, actions);
    case Answer::kRefused:  // known not to have happened: nothing of this step to undo
      saga.may_have_done &= static_cast<std::uint8_t>(~bit(saga.position));
      return fail(saga, kPlan.at(saga.position).refusal, saga.current_step(), actions);
    case Answer::kTombstone:
    case Answer::kUndone:  // another engine is reverting this order; the row will say why
      return fail(saga, Outcome::kUnknown, saga.current_step(), actions);
  }
  CHECK(!"no such answer");
}

void on_answer(Saga& saga, const Event& event, Actions& actions) {
  if (saga.phase == kAccepting && event.step == Step::kAccept && event.answer == Answer::kRefused) {
    saga.reason = event.outcome;
    return reject(saga, actions);
  }
  // The answer to an earlier attempt is as good as one to the last: both tell what is durable.
  if ((saga.phase != kDoing && saga.phase != kUndoing) || event.step != saga.current_step()) return;
  if (saga.phase == kDoing) return on_do_answer(saga, event.answer, actions);
  CHECK(event.answer != Answer::kDone);
  undo_from(saga, saga.position - 1, actions);
}

void give_up(Saga& saga, Actions& actions) {
  const Outcome reason = saga.every_attempt_timed_out ? Outcome::kTimeout : Outcome::kUnknown;
  const Step failed = saga.current_step();
  if (saga.phase == kAccepting || saga.handling.on_failure == OnFailure::kRevert)
    return fail(saga, reason, failed, actions);
  saga.phase = kHolding;
  saga.reason = reason;
  saga.failed_step = failed;
  begin_step(saga);
  write(saga, OrderState::kHeld, failed, actions);
}

void on_attempt_failed(Saga& saga, const Event& event, const Policy& policy, Actions& actions) {
  const bool waits_for_it = saga.phase == kDoing || saga.phase == kUndoing || writing(saga.phase);
  if (!waits_for_it || saga.backing_off || event.step != saga.current_step() || event.attempt != saga.attempt) return;
  saga.every_attempt_timed_out &= event.outcome == Outcome::kTimeout;
  const bool limited = saga.phase == kDoing || saga.phase == kAccepting;
  if (limited && saga.attempt >= saga.handling.max_attempts) return give_up(saga, actions);
  saga.stuck = !limited && saga.attempt >= policy.stuck_after;
  back_off(saga, actions);
}

void on_backoff_elapsed(Saga& saga, Actions& actions) {
  if (!saga.backing_off) return;
  saga.backing_off = false;
  ++saga.attempt;
  switch (saga.phase) {
    case kDoing:
    case kUndoing:
      return send(saga, actions);
    case kAccepting:
      return write(saga, OrderState::kRunning, Step::kAccept, actions);
    case kResuming:
      return write(saga, OrderState::kRunning, saga.failed_step, actions);
    case kHolding:
      return write(saga, OrderState::kHeld, saga.failed_step, actions);
    case kFailing:
      return write(saga, OrderState::kReverting, saga.failed_step, actions);
    case kCompleting:
    case kReverted:
      return write_final(saga, actions);
    default:
      CHECK(!"backing off in a phase that waits for nothing");
  }
}

void on_cancel(Saga& saga, Actions& actions) {
  switch (saga.phase) {
    case kDoing:
    case kHeld:
      return cancel(saga, actions);
    case kAccepting:
    case kHolding:
    case kResuming:
      saga.cancel_wanted = true;
      return;  // decided when the row is written
    default:
      return;  // already reverting, or three DONE: too late
  }
}

void on_retry(Saga& saga, Actions& actions) {
  if (saga.phase != kHeld) return;
  saga.phase = kResuming;
  begin_step(saga);
  write(saga, OrderState::kRunning, saga.failed_step, actions);
}

}  // namespace

void Actions::add(Action action) {
  CHECK(size_ < items_.size());
  items_[size_++] = action;
}

Outcome Saga::outcome() const {
  if (!ended()) return Outcome::kNone;
  return row_exists && row == OrderState::kCompleted ? Outcome::kSuccess : reason;
}

Step Saga::current_step() const {
  switch (phase) {
    case kNew:
    case kAccepting:
      return Step::kAccept;
    case kDoing:
      return kPlan.at(position).do_step;
    case kUndoing:
      return kPlan.at(position).undo_step;
    case kHolding:
    case kHeld:
    case kResuming:
    case kFailing:
      return failed_step;
    case kCompleting:
    case kReverted:
    case kEnded:
      return Step::kFinish;
  }
  CHECK(!"no such phase");
}

Actions step(Saga& saga, const Event& event, const Policy& policy) {
  const Phase before = saga.phase;
  Actions actions;
  switch (event.kind) {
    case E::kStart:
      on_start(saga, actions);
      break;
    case E::kRecover:
      CHECK(saga.phase == kNew);
      adopt(saga, event, actions);
      break;
    case E::kWritten:
      on_written(saga, policy, actions);
      break;
    case E::kConflict:
      on_conflict(saga, event, actions);
      break;
    case E::kAnswer:
      on_answer(saga, event, actions);
      break;
    case E::kAttemptFailed:
      on_attempt_failed(saga, event, policy, actions);
      break;
    case E::kBackoffElapsed:
      on_backoff_elapsed(saga, actions);
      break;
    case E::kCancel:
      on_cancel(saga, actions);
      break;
    case E::kRetry:
      on_retry(saga, actions);
      break;
  }
  CHECK(allowed(before, event.kind, saga.phase));
  return actions;
}

const Transition* transitions_begin() { return kTransitions.data(); }
const Transition* transitions_end() { return kTransitions.data() + kTransitions.size(); }

std::string transition_diagram() {
  std::string text = "stateDiagram-v2\n";
  for (const auto& [from, event, to] : kTransitions) {
    text.append("    ").append(to_string(from)).append(" --> ").append(to_string(to));
    text.append(": ").append(to_string(event)).append("\n");
  }
  return text;
}

std::string_view to_string(Phase phase) {
  constexpr std::array<std::string_view, kPhaseCount> kNames{"New",     "Accepting", "Doing",    "Completing",
                                                             "Holding", "Held",      "Resuming", "Failing",
                                                             "Undoing", "Reverted",  "Ended"};
  return kNames.at(static_cast<std::size_t>(phase));
}

std::string_view to_string(EventKind event) {
  constexpr std::array<std::string_view, kEventCount> kNames{
      "start", "recover", "written", "conflict", "answer", "attempt failed", "backoff elapsed", "cancel", "retry"};
  return kNames.at(static_cast<std::size_t>(event));
}

}  // namespace ldt::saga
