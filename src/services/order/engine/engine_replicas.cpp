// Several engines over one store: each tells that it is there, takes over what others left behind, and lets go what
// others took from it. Two that drive the same order are harmless; they only do the work twice.
#include <algorithm>
#include <utility>

#include "services/order/engine/active_order.h"

namespace ldt::order {

using saga::EventKind;
using saga::OrderState;
using saga::Outcome;
using saga::Phase;
using saga::Step;

namespace {
constexpr std::size_t kMostStuck = 1'000;  // that the others are told of
}  // namespace

void Engine::attend() {
  attends_at_ = now_ + limits_.attend_every;
  auto attended = store_.attend(attendance());
  if (!attended) return observer_.storage_failed(attended.error().detail);
  for (const auto& id : attended->lost) {
    if (const auto found = active_.find(id); found != active_.end()) let_go(*found->second);
  }
  for (const auto& id : attended->pushed) {
    if (const auto found = active_.find(id); found != active_.end()) try_at_once(*found->second);
  }
  for (auto& row : attended->adopted) {
    if (!active_.contains(row.id)) adopt(std::move(row), Outcome::kNone);
  }
  for (auto& row : attended->resolved) {
    in_doubt_.erase(row.id);
    if (!active_.contains(row.id)) adopt(std::move(row), Outcome::kUnknown);  // as its caller was told
  }
  if (attended->more) attends_at_ = now_;
  observer_.others(attended->oldest_open);
}

Attendance Engine::attendance() {
  Attendance attendance;
  // Lower than that of any order to come.
  const OrderId floor = ids_.next(world_.clock().wall(), 0);
  OrderId running = floor;
  OrderId open = floor;
  for (const auto& [id, active] : active_) {
    open = std::min(open, id);
    if (active->row.state == OrderState::kRunning) running = std::min(running, id);
    if (active->saga.stuck && attendance.stuck.size() < kMostStuck) attendance.stuck.push_back(saga_of(*active));
  }
  std::erase_if(in_doubt_, [this](const auto& order) { return order.second < now_; });
  for (const auto& [id, until] : in_doubt_) {
    running = std::min(running, id);
    if (!active_.contains(id)) attendance.in_doubt.push_back(id);
  }
  attendance.oldest_running = running;
  attendance.oldest_open = std::min(open, running);
  const std::size_t busy = active_.size() - held_;
  attendance.room = draining_ || full() ? 0 : admission_.limit() - busy;
  return attendance;
}

void Engine::let_go(Active& active) {
  for (auto& waiter : std::exchange(active.waiters, {})) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(waiter.until - now_);
    world_.follow(active.row.id, std::max(left, std::chrono::milliseconds(0)),
                  [done = std::move(waiter.done), replayed = waiter.replayed](Result<OrderView> view) {
                    if (view) return done(Placed{std::move(*view), replayed});
                    done(tl::unexpected(PlaceFailure{PlaceError::kStorage, view.error().detail, std::nullopt}));
                  });
  }
  for (auto& [steering, done] : std::exchange(active.steers, {})) {
    done(tl::unexpected(CommandFailure{CommandFailure::Kind::kUnavailable, "another replica has taken the order over",
                                       active.row.state}));
  }
  if (active.saga.phase == Phase::kHeld) --held_;
  if (active.saga.stuck) --stuck_;
  observer_.let_go(active.row);
  std::erase_if(writes_, [&active](const PendingWrite& write) { return write.order == active.row.id; });
  if (!active.row.idempotency_key.empty()) keys_being_accepted_.erase(active.row.idempotency_key);
  active_.erase(OrderId(active.row.id));
}

void Engine::yield_to(Active& active, const KeyOwner& owner) {
  const auto fingerprint = active.row.request_fingerprint;
  for (auto& waiter : std::exchange(active.waiters, {})) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(waiter.until - now_);
    show_key_owner(owner, fingerprint, std::max(left, std::chrono::milliseconds(0)), std::move(waiter.done));
  }
  dispatch(active, {.kind = EventKind::kAnswer, .step = Step::kAccept, .answer = saga::Answer::kRefused});
}

void Engine::try_at_once(Active& active) {
  if (!active.saga.backing_off) return;
  active.timer = 0;
  dispatch(active, {.kind = EventKind::kBackoffElapsed});
}

/// It stays where it is, with the attempts that were counted there. True: the caller has been answered.
bool Engine::push_elsewhere(SteerInput& input) {
  if (limits_.attend_every.count() == 0) return false;
  auto row = store_.push(input.id);
  if (row && !*row) return false;
  if (!row) {
    input.done(tl::unexpected(CommandFailure{CommandFailure::Kind::kUnavailable, row.error().detail, {}}));
  } else {
    input.done(view_of(**row));
  }
  return true;
}

/// A HELD order moves by request only, and any replica may have been asked meanwhile: what this one remembers of it may
/// be a HELD of before.
bool Engine::may_be_stale(const Active& active) const {
  return limits_.attend_every.count() > 0 && active.saga.phase == Phase::kHeld;
}

/// nullptr where it is not to be had; then either the archive knows, or the caller has been answered.
Engine::Active* Engine::take_over(SteerInput& input) {
  if (limits_.attend_every.count() == 0) return nullptr;
  auto row = store_.take_over(input.id);
  if (!row) {
    std::exchange(input.done,
                  {})(tl::unexpected(CommandFailure{CommandFailure::Kind::kUnavailable, row.error().detail, {}}));
    return nullptr;
  }
  if (const auto stale = active_.find(input.id); stale != active_.end()) let_go(*stale->second);
  return *row ? &adopt(std::move(**row), Outcome::kNone) : nullptr;
}

}  // namespace ldt::order
