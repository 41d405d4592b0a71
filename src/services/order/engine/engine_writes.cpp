// The engine's writes: queued while it decides, committed together, concluded afterwards; and the failure instructions
// of the order service's own two steps, order.accept and order.finish, which strike here.
#include <utility>

#include "base/check.h"
#include "services/order/engine/active_order.h"

namespace ldt::order {

using saga::EventKind;
using saga::FailureEffect;
using saga::FailureKind;
using saga::OrderState;
using saga::Outcome;
using saga::Phase;
using saga::Step;

namespace {
/// A connection that was lost in COMMIT may still carry it out for so long.
constexpr std::chrono::minutes kInDoubt{2};
}  // namespace

void Engine::queue_write(Active& active, const saga::Action& action) {
  if (!active.row.failures.empty() && strike_local(active, action)) return;
  const bool again = action.attempt > 1 && (action.step == Step::kAccept || action.step == Step::kFinish);
  if (again) begin_attempt(active, action.step);  // a first attempt that succeeds is not worth a line
  PendingWrite write{active.row.id, action};
  write.shown = again;
  writes_.push_back(write);
}

bool Engine::strike_local(Active& active, const saga::Action& action) {
  const bool accepts = active.saga.phase == Phase::kAccepting && action.step == Step::kAccept;
  if (!accepts && action.step != Step::kFinish) return false;
  StruckInstruction* failure = active.next_own_strike(action.step);
  if (failure == nullptr) return false;
  ++failure->struck;
  active.own_strike = saga::to_string(failure->instruction.kind);
  begin_attempt(active, action.step);
  const auto& instruction = failure->instruction;
  if (instruction.kind == FailureKind::kDelay) {
    active.delayed_write = action;
    arm(active, TimerKind::kDelayedWrite, *instruction.delay);
    return true;
  }
  PendingWrite write{active.row.id, action, instruction.effect == FailureEffect::kApplied};
  switch (instruction.kind) {
    case FailureKind::kTimeout:
      write.then = Then::kTimeout;
      break;
    case FailureKind::kCrash:
      write.then = Then::kCrash;
      break;
    case FailureKind::kRefuse:
      write.then = Then::kRefuse;
      active.refusal = instruction.outcome.value_or(Outcome::kUndeliverable);
      break;
    default:
      write.then = Then::kUnknown;
      break;
  }
  writes_.push_back(write);
  return true;
}

Progress Engine::progress_of(const Active& active, OrderState state) const {
  Progress progress{.state = state};
  if (state == OrderState::kHeld || state == OrderState::kReverting) {
    progress.reason = active.saga.reason;
    progress.failed_step = active.saga.failed_step;
  } else if (state == OrderState::kReverted) {
    progress.reason = active.row.reason;
    progress.failed_step = active.row.failed_step;
  }
  if (saga::is_final(state)) progress.finished_at = world_.clock().wall();
  return progress;
}

void Engine::commit_writes() {
  auto pending = std::exchange(writes_, {});
  const SteadyTime begin = world_.clock().steady();
  std::vector<Write*> batch;
  batch.reserve(pending.size());
  for (auto& each : pending) {
    if (prepare(each)) batch.push_back(&each.write);
  }
  const auto done = store_.commit(batch);
  if (done) {
    observer_.committed(world_.clock().steady() - begin, pending.size());
    for (const auto& each : pending) conclude(each);
    return;
  }
  observer_.storage_failed(done.error().detail);
  for (const auto& each : pending) {
    Active& active = *active_.at(each.order);
    if (each.write.kind == Write::Kind::kInsert && done.error().kind == ErrorKind::kUnknown) {
      active.may_be_stored = true;
      in_doubt_[each.order] = now_ + kInDoubt;
    }
    if (each.shown) end_attempt(active, Outcome::kUnknown, {}, done.error().detail);
    active.last_error = done.error().detail;
    dispatch(active, {.kind = EventKind::kAttemptFailed,
                      .step = active.saga.current_step(),
                      .attempt = active.saga.attempt,
                      .outcome = Outcome::kUnknown});
  }
}

/// Fills in what is to be stored; false where that is nothing. The row in memory follows in conclude(), when it is
/// durable.
bool Engine::prepare(PendingWrite& pending) {
  Active& active = *active_.at(pending.order);
  Write& write = pending.write;
  write.row = &active.row;
  if (!pending.apply) {
    write.kind = Write::Kind::kStrikes;
    return active.row.seq != 0;
  }
  if (pending.action.step == Step::kAccept && active.saga.phase == Phase::kAccepting) {
    write.kind = Write::Kind::kInsert;
    return true;
  }
  if (pending.shown) mark_attempt(active, Outcome::kSuccess);  // what the row will say, if it is written
  write.from = pending.action.from;
  write.to = progress_of(active, pending.action.to);
  return true;
}

void Engine::conclude(const PendingWrite& pending) {
  Active& active = *active_.at(pending.order);
  const Step step = pending.action.step;
  if (pending.write.seq != 0) active.row.seq = pending.write.seq;
  switch (pending.then) {
    case Then::kCrash:
      end_local_attempt(active, Outcome::kUnknown);  // told before nobody is left to tell it
      world_.crash();
      return;
    case Then::kTimeout:
      return arm(active, TimerKind::kAttempt, active.row.handling.step_timeout);
    case Then::kUnknown:
      end_local_attempt(active, Outcome::kUnknown);
      return dispatch(active, {.kind = EventKind::kAttemptFailed,
                               .step = step,
                               .attempt = active.saga.attempt,
                               .outcome = Outcome::kUnknown});
    case Then::kRefuse:
      end_local_attempt(active, active.refusal);
      return dispatch(
          active,
          {.kind = EventKind::kAnswer, .step = step, .answer = saga::Answer::kRefused, .outcome = active.refusal});
    case Then::kTell:
      break;
  }
  if (pending.shown) end_local_attempt(active, Outcome::kSuccess);
  conclude_change(active, pending);
}

void Engine::conclude_change(Active& active, const PendingWrite& pending) {
  const Write& write = pending.write;
  if (write.kind == Write::Kind::kInsert) {
    if (write.key_of) return yield_to(active, *write.key_of);
    in_doubt_.erase(active.row.id);
    // An id that is there already is this very order's, from an attempt whose answer was lost.
    const bool accepted = write.done || (write.found && write.found->state == OrderState::kRunning);
    if (!active.row.idempotency_key.empty()) keys_being_accepted_.erase(active.row.idempotency_key);
    observer_.accepted(active.row, false);
    return dispatch(active, accepted ? saga::Event{.kind = EventKind::kWritten} : conflict_event(active, write.found));
  }
  if (!write.done) return dispatch(active, conflict_event(active, write.found));
  const OrderState to = write.to.state;
  write.to.apply_to(active.row);
  if (to == OrderState::kReverting || to == OrderState::kReverted) promote(active);
  if (to == OrderState::kReverting) observer_.reverting(active.row);
  if (to == OrderState::kCompleted) sold_[active.row.sku.text()] += active.row.quantity.value;
  dispatch(active, {.kind = EventKind::kWritten});
}

void Engine::promote(Active& active) {
  if (active.row.trace.sampled || !world_.promotes()) return;
  active.row.trace.sampled = true;
  observer_.promoted(active.row, active.span_salt);
}

saga::Event Engine::conflict_event(Active& active, const std::optional<Progress>& found) {
  if (!found) return {.kind = EventKind::kConflict, .absent = true};
  if (found->state == OrderState::kCompleted) sold_[active.row.sku.text()] += active.row.quantity.value;
  found->apply_to(active.row);
  return {.kind = EventKind::kConflict,
          .outcome = found->reason,
          .found = found->state,
          .failed_step = found->failed_step.value_or(Step::kAccept)};
}

}  // namespace ldt::order
