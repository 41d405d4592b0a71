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
  auto writes = std::exchange(writes_, {});
  const SteadyTime begin = world_.clock().steady();
  Result<void> done = store_.begin();
  for (std::size_t i = 0; done && i < writes.size(); ++i) done = apply(writes[i]);
  if (done) done = store_.commit();
  if (done) {
    observer_.committed(world_.clock().steady() - begin, writes.size());
    for (const auto& write : writes) conclude(write);
    return;
  }
  store_.rollback();
  observer_.storage_failed(done.error().detail);
  for (const auto& write : writes) {
    Active& active = *active_.at(write.order);
    if (write.shown) end_attempt(active, Outcome::kUnknown, {}, done.error().detail);
    active.last_error = done.error().detail;
    dispatch(active, {.kind = EventKind::kAttemptFailed,
                      .step = active.saga.current_step(),
                      .attempt = active.saga.attempt,
                      .outcome = Outcome::kUnknown});
  }
}

/// Writes one change. The row in memory follows in conclude(), when it is durable.
Result<void> Engine::apply(PendingWrite& write) {
  Active& active = *active_.at(write.order);
  if (!write.apply) {
    return active.row.seq != 0 ? store_.save_strikes(active.row) : Result<void>{};
  }
  if (write.action.step == Step::kAccept && active.saga.phase == Phase::kAccepting) {
    const auto inserted = store_.insert(active.row);
    if (!inserted) return tl::unexpected(inserted.error());
    write.changed = true;  // an id that is there already is this very order's, from an attempt whose answer was lost
    return *inserted || active.row.failures.empty() ? Result<void>{} : store_.save_strikes(active.row);
  }
  if (write.shown) mark_attempt(active, Outcome::kSuccess);  // what the row will say, if it is written
  write.progress = progress_of(active, write.action.to);
  const auto changed = store_.change(active.row, write.action.from, write.progress);
  if (!changed) return tl::unexpected(changed.error());
  write.changed = *changed;
  // Written before, by an attempt whose answer was lost: what struck since then is to be shown, too.
  return *changed || active.row.failures.empty() ? Result<void>{} : store_.save_strikes(active.row);
}

void Engine::conclude(const PendingWrite& write) {
  Active& active = *active_.at(write.order);
  const Step step = write.action.step;
  switch (write.then) {
    case Then::kCrash:
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
  if (write.shown) end_local_attempt(active, Outcome::kSuccess);
  if (!write.changed) {
    const auto event = conflict_event(active);
    if (!event) {  // cannot be read just now: find out with the next attempt
      active.last_error = event.error().detail;
      return dispatch(active, {.kind = EventKind::kAttemptFailed,
                               .step = active.saga.current_step(),
                               .attempt = active.saga.attempt,
                               .outcome = Outcome::kUnknown});
    }
    return dispatch(active, *event);
  }
  if (step == Step::kAccept && active.saga.phase == Phase::kAccepting) {
    if (!active.row.idempotency_key.empty()) keys_being_accepted_.erase(active.row.idempotency_key);
    observer_.accepted(active.row, false);
    return dispatch(active, {.kind = EventKind::kWritten});
  }
  write.progress.apply_to(active.row);
  if (write.action.to == OrderState::kReverting || write.action.to == OrderState::kReverted) promote(active);
  if (write.action.to == OrderState::kReverting) observer_.reverting(active.row);
  if (write.action.to == OrderState::kCompleted) sold_[active.row.sku.text()] += active.row.quantity.value;
  dispatch(active, {.kind = EventKind::kWritten});
}

void Engine::promote(Active& active) {
  if (active.row.trace.sampled || !world_.promotes()) return;
  active.row.trace.sampled = true;
  observer_.promoted(active.row, active.span_salt);
}

Result<saga::Event> Engine::conflict_event(Active& active) {
  const auto stored = store_.progress_of(active.row.id);
  if (!stored) return tl::unexpected(stored.error());
  if (!*stored) return saga::Event{.kind = EventKind::kConflict, .absent = true};
  const Progress& progress = **stored;
  if (progress.state == OrderState::kCompleted) sold_[active.row.sku.text()] += active.row.quantity.value;
  progress.apply_to(active.row);
  return saga::Event{.kind = EventKind::kConflict,
                     .outcome = progress.reason,
                     .found = progress.state,
                     .failed_step = progress.failed_step.value_or(Step::kAccept)};
}

}  // namespace ldt::order
