#include "services/order/engine/engine.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "services/order/engine/active_order.h"
#include "services/order/engine/attempt_span.h"

namespace ldt::order {

using saga::EventKind;
using saga::OrderState;
using saga::Outcome;
using saga::Phase;
using saga::Step;

namespace {

constexpr std::chrono::milliseconds kLookForStore{20};

const saga::PlanStep& planned_for(Step step) {
  for (const auto& planned : saga::kPlan) {
    if (planned.do_step == step || planned.undo_step == step) return planned;
  }
  CHECK(!"a step of no participant");
}

Outcome outcome_of(Step step, saga::Answer answer) {
  if (saga::is_undo(step) || answer == saga::Answer::kDone) return Outcome::kSuccess;
  return answer == saga::Answer::kRefused ? planned_for(step).refusal : Outcome::kUnknown;
}

/// kNone where the order was accepted, or may have been.
Outcome why_never_accepted(const OrderRow& row) {
  std::vector<saga::FailureInstruction> instructions;
  instructions.reserve(row.failures.size());
  for (const auto& failure : row.failures) instructions.push_back(failure.instruction);
  return saga::accept_failure(instructions, row.handling);
}

/// A command that it strikes is answered late or never, or ends the process: not to be done to others of its batch.
bool holds_up(saga::FailureKind kind) {
  return kind == saga::FailureKind::kTimeout || kind == saga::FailureKind::kCrash || kind == saga::FailureKind::kDelay;
}

bool strikes_as(saga::FailureKind kind, Outcome failure) {
  return failure == Outcome::kTimeout ? kind == saga::FailureKind::kTimeout
                                      : kind == saga::FailureKind::kUnknown || kind == saga::FailureKind::kCrash;
}

}  // namespace

Engine::Engine(const EngineLimits& limits, Store& store, Transport& transport, World& world, Observer& observer)
    : limits_(limits), store_(store), transport_(transport), world_(world), observer_(observer) {}

Engine::~Engine() = default;

Result<void> Engine::recover() {
  now_ = world_.clock().steady();
  auto sold = store_.sold();
  if (!sold) return tl::unexpected(sold.error());
  for (auto& [sku, quantity] : *sold) sold_[sku] = quantity.value;
  auto rows = store_.unfinished();
  if (!rows) return tl::unexpected(rows.error());
  for (auto& row : *rows) adopt(std::move(row), Outcome::kNone);
  attends_at_ = now_;
  return {};
}

Engine::Active& Engine::adopt(OrderRow row, Outcome why) {
  auto active = std::make_unique<Active>();
  active->row = std::move(row);
  active->saga.handling = active->row.handling;
  auto& placed = *active_.emplace(active->row.id, std::move(active)).first->second;
  observer_.accepted(placed.row, true);
  const bool running = placed.row.state == OrderState::kRunning;
  if (running) placed.span_salt = world_.random();
  if (running && why == Outcome::kNone) why = why_never_accepted(placed.row);
  if (placed.row.state == OrderState::kReverting) promote(placed);
  dispatch(placed, {.kind = EventKind::kRecover,
                    .outcome = running ? why : placed.row.reason,
                    .found = placed.row.state,
                    .failed_step = placed.row.failed_step.value_or(Step::kAccept)});
  return placed;
}

void Engine::process(std::vector<Input>& inputs) {
  now_ = world_.clock().steady();
  if (limits_.attend_every.count() > 0 && now_ >= attends_at_) attend();
  if (!waiting_for_store_.empty()) let_in_again(inputs);
  look_up_keys(inputs);
  if (!draining_ && !store_.available()) hold_new(inputs);
  for (auto& input : inputs) std::visit([this](auto& kind) { take(kind); }, input);
  inputs.clear();
  while (!timers_.empty() && timers_.top().at <= now_) {
    const Timer timer = timers_.top();
    timers_.pop();
    fire(timer);
  }
  flush_sends();  // what needs no commit does not wait for it
  if (!writes_.empty()) commit_writes();
  flush_sends();
  for (const auto& id : retired_) active_.erase(id);
  retired_.clear();
}

std::optional<SteadyTime> Engine::next_deadline() const {
  std::optional<SteadyTime> deadline;
  if (!timers_.empty()) deadline = timers_.top().at;
  if (!writes_.empty()) deadline = now_;
  if (limits_.attend_every.count() > 0) deadline = deadline ? std::min(*deadline, attends_at_) : attends_at_;
  if (!waiting_for_store_.empty()) deadline = std::min(deadline.value_or(SteadyTime::max()), now_ + kLookForStore);
  return deadline;
}

// --- the saga's actions ---

void Engine::dispatch(Active& active, const saga::Event& event) {
  const bool was_stuck = active.saga.stuck;
  const bool was_held = active.saga.phase == Phase::kHeld;
  const auto actions = saga::step(active.saga, event, limits_.policy);
  held_ += static_cast<std::size_t>(active.saga.phase == Phase::kHeld) - static_cast<std::size_t>(was_held);
  for (const auto& action : actions) perform(active, action);
  note_stuck(active, was_stuck);
  tell_progress(active);
}

void Engine::perform(Active& active, const saga::Action& action) {
  switch (action.kind) {
    case saga::ActionKind::kWrite:
      return queue_write(active, action);
    case saga::ActionKind::kSend:
      return send(active, action);
    case saga::ActionKind::kBackoff:
      return back_off(active, action);
    case saga::ActionKind::kReject:
      for (auto& [steering, done] : std::exchange(active.steers, {})) {
        done(tl::unexpected(
            CommandFailure{CommandFailure::Kind::kNotFound, "the order was never accepted", active.row.state}));
      }
      return retire(active);
    case saga::ActionKind::kTellHeld:
      return observer_.needs_attention(active.row, "held");
    case saga::ActionKind::kTellEnded:
      observer_.ended(active.row);
      return retire(active);
  }
}

void Engine::send(Active& active, const saga::Action& action) {
  begin_attempt(active, action.step);
  send_command(active, action.step, action.attempt);
}

/// The same attempt, to a participant that has restarted under it: what it did, if anything, it remembers.
void Engine::send_again(Active& active) { send_command(active, active.saga.current_step(), active.saga.attempt); }

void Engine::send_command(Active& active, Step step, std::uint32_t attempt) {
  const auto& planned = planned_for(step);
  const bool credits = planned.participant == saga::Participant::kPayment;
  Command command{.order = active.row.id,
                  .step = step,
                  .attempt = attempt,
                  .number = active.row.attempts.back().number,
                  .timeout = active.row.handling.step_timeout,
                  .user = active.row.user.text(),
                  .sku = active.row.sku.text(),
                  .amount = credits ? active.row.total.value : active.row.quantity.value,
                  .trace = {active.row.trace.trace_id, active.attempt_span, active.row.trace.sampled}};
  if (!active.row.failures.empty()) instruct(active, command);
  if (!command.alone) arm(active, TimerKind::kAttempt, active.row.handling.step_timeout);
  outbox_[static_cast<std::size_t>(planned.participant)].push_back(std::move(command));
}

void Engine::instruct(Active& active, Command& command) {
  for (std::uint32_t i = 0; i < active.row.failures.size(); ++i) {
    const auto& instruction = active.row.failures[i].instruction;
    if (instruction.step == command.step) command.instructions.push_back({i, instruction});
  }
  if (command.instructions.empty()) return;
  const auto* strike = active.strike_of(command.step, command.number).failure;
  if (strike == nullptr) return;
  command.alone = holds_up(strike->instruction.kind);
  command.may_crash = strike->instruction.kind == saga::FailureKind::kCrash;
}

void Engine::flush_sends() {
  for (std::size_t i = 0; i < outbox_.size(); ++i) {
    if (!outbox_[i].empty()) transport_.send(static_cast<saga::Participant>(i), std::exchange(outbox_[i], {}));
  }
}

void Engine::back_off(Active& active, const saga::Action& action) {
  const bool limited = active.saga.phase == Phase::kDoing || active.saga.phase == Phase::kAccepting;
  const auto& limits = limited ? limits_.do_backoff : limits_.undo_backoff;
  arm(active, TimerKind::kBackoff, full_jitter(limits, action.attempt, world_.random()) + retry_budget_.take(now_));
}

void Engine::arm(Active& active, TimerKind kind, std::chrono::microseconds delay) {
  if (++next_timer_ == 0) ++next_timer_;
  active.timer = next_timer_;
  timers_.push({now_ + delay, active.row.id, active.timer, kind}, delay);
}

void Engine::fire(const Timer& timer) {
  const auto found = active_.find(timer.order);
  if (found == active_.end()) return;
  Active& active = *found->second;
  if (timer.kind == TimerKind::kWaiter) {
    for (auto& waiter : active.waiters) waiter.overdue |= waiter.token == timer.token;
    return answer_waiters(active);
  }
  if (timer.token != active.timer) return;
  switch (timer.kind) {
    case TimerKind::kBackoff:
      return dispatch(active, {.kind = EventKind::kBackoffElapsed});
    case TimerKind::kDelayedWrite:
      writes_.push_back({.order = active.row.id, .action = active.delayed_write, .shown = true});
      return;
    default:
      break;
  }
  const Step step = active.saga.current_step();
  Outcome outcome = Outcome::kTimeout;
  if (step == Step::kAccept || step == Step::kFinish) {
    end_local_attempt(active, outcome);
  } else {
    const auto timeout = active.row.handling.step_timeout;
    const Health health = transport_.health(planned_for(step).participant, timeout);
    if (health == Health::kRecovering && now_ - active.attempt_began < kLongestAttempt) return send_again(active);
    outcome = health == Health::kSteady ? Outcome::kTimeout : Outcome::kUnknown;
    end_attempt(active, outcome, conclude_strike(active, step, outcome),
                outcome == Outcome::kTimeout ? "no answer in time" : "no connection to the service");
    if (active.row.failures.empty()) admission_.answered(now_ - active.attempt_began, active_.size() - held_, now_);
  }
  dispatch(active,
           {.kind = EventKind::kAttemptFailed, .step = step, .attempt = active.saga.attempt, .outcome = outcome});
}

void Engine::take(Reply& reply) {
  const auto found = active_.find(reply.order);
  if (found == active_.end()) return;
  Active& active = *found->second;
  std::string_view struck_by;
  for (const auto& strike : reply.strikes) {
    if (strike.index >= active.row.failures.size()) continue;
    auto& failure = active.row.failures[strike.index];
    if (strike.count > failure.struck) struck_by = saga::to_string(failure.instruction.kind);
    failure.struck = strike.count;
  }
  const bool at_work = active.saga.phase == Phase::kDoing || active.saga.phase == Phase::kUndoing;
  if (!at_work || active.saga.current_step() != reply.step) return;
  if (reply.answered) {
    active.timer = 0;  // disarms the attempt's deadline or backoff
    end_attempt(active, outcome_of(reply.step, reply.answer), struck_by, {});
    if (active.row.failures.empty()) {
      admission_.answered(world_.clock().steady() - active.attempt_began, active_.size() - held_, now_);
    }
    return dispatch(active, {.kind = EventKind::kAnswer, .step = reply.step, .answer = reply.answer});
  }
  if (active.saga.backing_off || reply.attempt != active.saga.attempt) return;
  active.timer = 0;
  if (reply.strikes.empty()) struck_by = conclude_strike(active, reply.step, reply.failure);
  end_attempt(active, reply.failure, struck_by, reply.error);
  dispatch(active,
           {.kind = EventKind::kAttemptFailed, .step = reply.step, .attempt = reply.attempt, .outcome = reply.failure});
}

std::string_view Engine::conclude_strike(Active& active, Step step, Outcome failure) {
  const auto [strike, count] = active.strike_of(step, active.row.attempts.back().number);
  if (strike == nullptr || !strikes_as(strike->instruction.kind, failure)) return {};
  strike->struck = std::max(strike->struck, count);
  return saga::to_string(strike->instruction.kind);
}

// --- attempts ---

void Engine::begin_attempt(Active& active, Step step) {
  constexpr std::uint32_t kRemembered = 10;  // of one step; later ones replace the last
  auto& attempts = active.row.attempts;
  const auto last = std::find_if(attempts.rbegin(), attempts.rend(), [&](const Attempt& a) { return a.step == step; });
  const std::uint32_t number = last == attempts.rend() ? 1 : last->number + 1;
  if (number > kRemembered && &*last == &attempts.back()) attempts.pop_back();
  attempts.push_back({.step = step, .number = number, .started_at = world_.clock().wall()});
  active.attempt_began = world_.clock().steady();
  active.attempt_span = attempt_span(active.row.trace.span_id, step, number, active.span_salt);
}

void Engine::mark_attempt(Active& active, Outcome outcome) {
  CHECK(!active.row.attempts.empty());
  Attempt& attempt = active.row.attempts.back();
  attempt.outcome = outcome;
  attempt.duration =
      std::chrono::duration_cast<std::chrono::microseconds>(world_.clock().steady() - active.attempt_began);
}

void Engine::end_attempt(Active& active, Outcome outcome, std::string_view struck, const std::string& error) {
  mark_attempt(active, outcome);
  active.last_error = error;
  observer_.attempt_ended(active.row, active.row.attempts.back(), active.attempt_span, struck, error);
}

void Engine::end_local_attempt(Active& active, Outcome outcome) {
  const auto struck = std::exchange(active.own_strike, {});
  end_attempt(active, outcome, struck, outcome == Outcome::kSuccess ? "" : "struck by a failure instruction");
}

// --- telling ---

void Engine::note_stuck(Active& active, bool was_stuck) {
  if (active.saga.stuck == was_stuck) return;
  if (!active.saga.stuck) {
    --stuck_;
    return;
  }
  ++stuck_;
  observer_.needs_attention(active.row, "stuck: " + active.last_error);
}

void Engine::tell_progress(Active& active) {
  if (!active.waiters.empty()) answer_waiters(active);
  if (!active.steers.empty()) answer_steers(active);
}

void Engine::answer_waiters(Active& active) {
  const bool resting = active.saga.ended() || active.saga.phase == Phase::kHeld;
  const bool accept_in_doubt = active.failed_accept() && active.saga.phase == Phase::kFailing;
  const bool write_failing = accept_in_doubt && active.saga.backing_off;  // e.g. a full disk: do not keep them waiting
  auto& waiters = active.waiters;
  for (std::size_t i = 0; i < waiters.size();) {
    const bool due = resting || write_failing || (waiters[i].overdue && active.accepted());
    if (!due) {
      ++i;
      continue;
    }
    const Waiter waiter = std::move(waiters[i]);
    waiters.erase(waiters.begin() + static_cast<std::ptrdiff_t>(i));
    if (active.refused_accept()) {
      waiter.done(
          tl::unexpected(PlaceFailure{PlaceError::kAcceptRefused, "refused by a failure instruction", std::nullopt}));
    } else if (active.failed_accept()) {
      PlaceFailure failure{
          active.saga.reason == Outcome::kTimeout ? PlaceError::kAcceptTimeout : PlaceError::kAcceptUnknown,
          "order.accept failed on every attempt; nothing was taken"};
      if (active.saga.row_exists) failure.order = active.row.id;
      waiter.done(tl::unexpected(std::move(failure)));
    } else {
      waiter.done(Placed{view_of(active.row), waiter.replayed});
    }
  }
}

void Engine::answer_steers(Active& active) {
  auto& steers = active.steers;
  for (std::size_t i = 0; i < steers.size();) {
    const bool cancel = steers[i].first == Steering::kCancel;
    const OrderState state = active.row.state;
    const bool writing_end = active.saga.phase == Phase::kCompleting;
    const bool obeyed =
        cancel ? state == OrderState::kReverting || state == OrderState::kReverted : state != OrderState::kHeld;
    const bool too_late = cancel && state == OrderState::kCompleted && !writing_end;
    if (!obeyed && !too_late) {
      ++i;
      continue;
    }
    const auto done = std::move(steers[i].second);
    steers.erase(steers.begin() + static_cast<std::ptrdiff_t>(i));
    if (obeyed) {
      done(view_of(active.row));
    } else {
      done(tl::unexpected(CommandFailure{CommandFailure::Kind::kWrongState, "the order has finished", state}));
    }
  }
}

void Engine::retire(Active& active) {
  if (!active.row.idempotency_key.empty()) keys_being_accepted_.erase(active.row.idempotency_key);
  retired_.push_back(active.row.id);
}

void Engine::stop() {
  for (auto& input : std::exchange(waiting_for_store_, {})) {
    input.done(tl::unexpected(PlaceFailure{PlaceError::kStopping, "the server is going down", std::nullopt}));
  }
  for (auto& [id, active] : active_) {
    for (auto& waiter : active->waiters) {
      if (active->accepted()) {
        waiter.done(Placed{view_of(active->row), waiter.replayed});
      } else {
        const auto error = active->may_be_stored ? PlaceError::kAcceptUnknown : PlaceError::kStopping;
        waiter.done(tl::unexpected(PlaceFailure{error, "the server is going down", std::nullopt}));
      }
    }
    for (auto& [steering, done] : active->steers) {
      done(tl::unexpected(
          CommandFailure{CommandFailure::Kind::kUnavailable, "the server is going down", active->row.state}));
    }
    active->waiters.clear();
    active->steers.clear();
  }
}

}  // namespace ldt::order
