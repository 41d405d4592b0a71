// What arrives at the engine from callers: orders to place, to steer and to look at, and prices.
#include <cstring>
#include <utility>

#include "base/check.h"
#include "services/order/engine/active_order.h"

namespace ldt::order {

using saga::EventKind;
using saga::Phase;

namespace {

PlaceFailure place_failure(PlaceError error, std::string detail) { return {error, std::move(detail), std::nullopt}; }

}  // namespace

void Engine::look_up_keys(const std::vector<Input>& inputs) {
  std::vector<const std::string*> keys;
  for (const auto& input : inputs) {
    const auto* place = std::get_if<PlaceInput>(&input);
    if (place != nullptr && !place->order.idempotency_key.empty()) keys.push_back(&place->order.idempotency_key);
  }
  key_owners_.clear();
  if (keys.empty()) return;
  auto owners = store_.find_keys(keys);
  if (!owners) return key_owners_.assign(keys.size(), tl::unexpected(owners.error()));
  key_owners_.assign(owners->rbegin(), owners->rend());
}

/// Nothing was done for them yet, so waiting is free of risk; those that have waited long enough are refused.
void Engine::hold_new(std::vector<Input>& inputs) {
  key_owners_.clear();
  std::vector<Input> others;
  others.reserve(inputs.size());
  for (auto& input : inputs) {
    auto* place = std::get_if<PlaceInput>(&input);
    if (place == nullptr) {
      others.push_back(std::move(input));
      continue;
    }
    if (!place->held_until) place->held_until = now_ + limits_.hold_new;
    if (*place->held_until <= now_ || waiting_for_store_.size() >= limits_.max_in_flight) {
      place->done(tl::unexpected(place_failure(PlaceError::kStorage, "the store cannot be reached")));
    } else {
      waiting_for_store_.push_back(std::move(*place));
    }
  }
  inputs = std::move(others);
}

void Engine::let_in_again(std::vector<Input>& inputs) {
  for (auto& input : std::exchange(waiting_for_store_, {})) inputs.emplace_back(std::move(input));
}

void Engine::take(PlaceInput& input) {
  Result<std::optional<KeyOwner>> owner;
  if (!input.order.idempotency_key.empty()) {
    owner = std::move(key_owners_.back());
    key_owners_.pop_back();
  }
  if (auto failure = refuse(input.order)) return input.done(tl::unexpected(std::move(*failure)));
  if (!input.order.idempotency_key.empty() && answer_by_key(input, owner)) return;
  const auto price = prices_.find(input.order.sku.text());
  if (price == prices_.end()) {
    const auto error = catalogue_ready_ ? PlaceError::kUnknownSku : PlaceError::kCatalogueUnavailable;
    return input.done(tl::unexpected(place_failure(
        error, catalogue_ready_ ? "there is no SKU " + input.order.sku.text() : "no prices from inventory yet")));
  }
  if (input.order.max_unit_price && price->second > *input.order.max_unit_price) {
    return input.done(tl::unexpected(place_failure(
        PlaceError::kPriceAboveLimit, "the unit price is " + std::to_string(price->second.value) + " credits")));
  }
  accept(input, price->second);
}

std::optional<PlaceFailure> Engine::refuse(const NewOrder& order) const {
  if (!order.failures.empty() && !limits_.allow_failures) {
    return place_failure(PlaceError::kFailuresForbidden,
                         "this server was started without permission for failure instructions");
  }
  if (draining_) return place_failure(PlaceError::kStopping, "the server is going down");
  if (!store_.available()) return place_failure(PlaceError::kStorage, "the store cannot be reached");
  if (full()) {
    return place_failure(PlaceError::kOverloaded, "too many orders are in flight");
  }
  return std::nullopt;
}

bool Engine::answer_by_key(PlaceInput& input, const Result<std::optional<KeyOwner>>& owner) {
  if (keys_being_accepted_.contains(input.order.idempotency_key)) {
    input.done(tl::unexpected(
        place_failure(PlaceError::kKeyInProgress, "the first request under this key is being accepted")));
    return true;
  }
  if (!owner) {
    input.done(tl::unexpected(place_failure(PlaceError::kStorage, owner.error().detail)));
    return true;
  }
  if (!*owner) return false;
  show_key_owner(**owner, input.order.request_fingerprint, input.wait, std::move(input.done));
  return true;
}

void Engine::show_key_owner(const KeyOwner& owner, std::uint64_t fingerprint, std::chrono::milliseconds wait,
                            PlaceCallback done) {
  if (owner.request_fingerprint != fingerprint) {
    return done(
        tl::unexpected(PlaceFailure{PlaceError::kKeyReused, "this key came with another request before", owner.order}));
  }
  if (const auto found = active_.find(owner.order); found != active_.end()) {
    return wait_for(*found->second, wait, std::move(done), true);
  }
  world_.follow(owner.order, wait, [done = std::move(done)](Result<OrderView> view) {
    if (view) return done(Placed{std::move(*view), true});
    done(tl::unexpected(place_failure(PlaceError::kStorage, view.error().detail)));
  });
}

void Engine::accept(PlaceInput& input, Credits unit_price) {
  const auto total = checked_total(unit_price, input.order.quantity);
  CHECK(total.has_value());  // both were bounded before they came here
  auto owned = std::make_unique<Active>();
  Active& active = *owned;
  OrderRow& row = active.row;
  row.created_at = world_.clock().wall();
  row.id = ids_.next(row.created_at, world_.random());
  row.user = std::move(input.order.user);
  row.sku = std::move(input.order.sku);
  row.quantity = input.order.quantity;
  row.unit_price = unit_price;
  row.total = *total;
  row.idempotency_key = std::move(input.order.idempotency_key);
  row.request_fingerprint = input.order.request_fingerprint;
  row.handling = input.order.handling;
  for (const auto& instruction : input.order.failures) row.failures.push_back({saga::with_defaults(instruction)});
  std::optional<bool> caller_sampled;
  if (input.order.caller) {
    row.trace.trace_id = input.order.caller->trace_id;
    row.caller_span = input.order.caller->span_id;
    caller_sampled = input.order.caller->sampled;
  } else {
    // Begins as the order's id does, with the time: an index of traces grows at its end then.
    std::uint64_t beginning = 0;
    std::memcpy(&beginning, row.id.bytes.data(), sizeof beginning);
    row.trace.trace_id = make_trace_id(beginning, world_.random());
  }
  row.trace.sampled = world_.sample(row.trace.trace_id, caller_sampled);
  row.trace.span_id = make_span_id(world_.random());
  row.attempts.reserve(saga::kPlan.size());  // of an order that completes
  active.saga.handling = row.handling;
  if (!row.idempotency_key.empty()) keys_being_accepted_.emplace(row.idempotency_key, row.id);
  active_.emplace(row.id, std::move(owned));
  wait_for(active, input.wait, std::move(input.done), false);
  dispatch(active, {.kind = EventKind::kStart});
}

void Engine::wait_for(Active& active, std::chrono::milliseconds wait, PlaceCallback done, bool replayed) {
  active.waiters.push_back({++next_waiter_, replayed, wait.count() == 0, now_ + wait, std::move(done)});
  if (wait.count() > 0) timers_.push({now_ + wait, active.row.id, next_waiter_, TimerKind::kWaiter}, wait);
  if (active.saga.phase != Phase::kNew) answer_waiters(active);
}

void Engine::take(SteerInput& input) {
  const auto found = active_.find(input.id);
  if (input.steering == Steering::kPush && found == active_.end() && push_elsewhere(input)) return;
  const bool known = found != active_.end() && !may_be_stale(*found->second);
  Active* const taken = known ? found->second.get() : take_over(input);
  if (taken == nullptr) {
    if (!input.done) return;
    // Not in flight: it has finished, or never was. The archive knows.
    world_.read_archive(input.id, [done = std::move(input.done)](Result<OrderView> view) {
      if (view) {
        return done(
            tl::unexpected(CommandFailure{CommandFailure::Kind::kWrongState, "the order has finished", view->state}));
      }
      const bool missing = view.error().kind == ErrorKind::kNotFound;
      done(tl::unexpected(CommandFailure{missing ? CommandFailure::Kind::kNotFound : CommandFailure::Kind::kUnavailable,
                                         view.error().detail}));
    });
    return;
  }
  Active& active = *taken;
  if (input.steering == Steering::kPush) {
    input.done(view_of(active.row));
    return try_at_once(active);
  }
  if (input.steering == Steering::kRetry && active.saga.phase != Phase::kHeld) {
    return input.done(tl::unexpected(
        CommandFailure{CommandFailure::Kind::kWrongState, "only a HELD order can be retried", active.row.state}));
  }
  active.steers.emplace_back(input.steering, std::move(input.done));
  dispatch(active, {.kind = input.steering == Steering::kCancel ? EventKind::kCancel : EventKind::kRetry});
}

void Engine::take(LookInput& input) {
  const auto found = active_.find(input.id);
  if (found == active_.end() || !found->second->saga.row_exists) return input.done(std::nullopt);
  OrderView view = view_of(found->second->row);
  view.stuck = found->second->saga.stuck;
  input.done(std::move(view));
}

void Engine::take(SurveyInput& input) {
  std::vector<OrderView> views;
  std::vector<Saga> sagas;
  for (const auto& [id, active] : active_) {
    if (!active->saga.row_exists || active->saga.ended()) continue;
    if (input.waiting_only && active->saga.phase != Phase::kHeld && !active->saga.stuck) continue;
    views.push_back(view_of(active->row));
    views.back().stuck = active->saga.stuck;
    sagas.push_back(saga_of(*active));
  }
  const auto older = [](const auto& a, const auto& b) { return a.id < b.id; };
  std::sort(views.begin(), views.end(), older);
  std::sort(sagas.begin(), sagas.end(), older);
  input.done(std::move(views), std::move(sagas));
}

Saga Engine::saga_of(const Active& active) const {
  return {active.row.id,       active.row.state,  active.saga.stuck,    active.saga.current_step(),
          active.saga.attempt, active.last_error, active.row.created_at};
}

std::optional<WallTime> Engine::oldest() const {
  std::optional<WallTime> oldest;
  for (const auto& [id, active] : active_) {
    if (active->saga.phase == Phase::kHeld) continue;
    if (!oldest || active->row.created_at < *oldest) oldest = active->row.created_at;
  }
  return oldest;
}

void Engine::take(SoldInput& input) {
  std::vector<Quantity> quantities;
  quantities.reserve(input.skus.size());
  for (const auto& sku : input.skus) {
    const auto found = sold_.find(sku);
    quantities.push_back({found == sold_.end() ? 0 : found->second});
  }
  input.done(std::move(quantities));
}

void Engine::take(PriceInput& input) { prices_[input.sku.text()] = input.unit_price; }

void Engine::take(CatalogueReadyInput&) { catalogue_ready_ = true; }

void Engine::take(DrainInput&) { draining_ = true; }

}  // namespace ldt::order
