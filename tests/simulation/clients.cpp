// Asks, asks again, and remembers what was said.
#include "simulation/clients.h"

#include <algorithm>
#include <utility>

namespace ldt::simulation {

using order::OrderView;
using order::PlaceError;
using saga::OrderState;

namespace {

constexpr std::size_t kPlaceErrors = 12;
constexpr std::array<std::string_view, kPlaceErrors> kPlaceErrorNames{
    "unknown SKU",        "price above limit",     "key reused",     "key in progress",
    "failures forbidden", "accept TIMEOUT",        "accept UNKNOWN", "accept refused",
    "overloaded",         "catalogue unavailable", "stopping",       "storage"};

bool same_end(const OrderView& a, const OrderView& b) {
  return a.id == b.id && a.state == b.state && a.outcome == b.outcome && a.failed_step == b.failed_step;
}

bool crashes_accept(const order::NewOrder& order) {
  return std::any_of(order.failures.begin(), order.failures.end(), [](const saga::FailureInstruction& each) {
    return each.step == saga::Step::kAccept && each.kind == saga::FailureKind::kCrash;
  });
}

}  // namespace

Clients::Clients(World& world, OrderNode& orders, OrderNode::Participants participants, Workload workload)
    : world_(world), orders_(orders), participants_(participants) {
  for (auto& wanted : workload.orders) {
    Purchase purchase;
    purchase.wanted = std::move(wanted.order);
    purchase.wait = wanted.wait;
    purchase.begins = wanted.begins;
    purchases_.push_back(std::move(purchase));
  }
  for (std::size_t i = 0; i < workload.changes.size(); ++i) {
    const auto& wanted = workload.changes[i];
    changes_.push_back({wanted.participant, wanted.holder, wanted.amount,
                        wanted.price ? std::string() : "change-" + std::to_string(i), wanted.begins});
  }
}

void Clients::start() {
  for (std::size_t i = 0; i < purchases_.size(); ++i) {
    world_.after(purchases_[i].begins, [this, i] {
      place(i);
      if (world_.random.chance(60) && !purchases_[i].wanted.idempotency_key.empty()) place_twin(i);
      if (world_.random.chance(150)) {
        world_.after(world_.random.between(0, 2 * kSecond), [this, i] { disturb(i); });
      }
    });
  }
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    world_.after(changes_[i].begins, [this, i] { apply(i); });
  }
  world_.after(500 * kMillisecond, [this] { sweep(); });
}

bool Clients::satisfied() const {
  return std::all_of(purchases_.begin(), purchases_.end(), [](const Purchase& each) { return each.over; }) &&
         std::all_of(changes_.begin(), changes_.end(), [](const auto& each) { return each.acknowledged; });
}

std::string Clients::waiting_for() const {
  std::string text;
  for (const auto& purchase : purchases_) {
    if (!purchase.over) text += describe(purchase) + "; ";
  }
  for (const auto& change : changes_) {
    if (!change.acknowledged) text += "a change of " + change.holder + "; ";
  }
  return text;
}

std::string Clients::describe(const Purchase& purchase) {
  const auto& key = purchase.wanted.idempotency_key;
  return "order " + (purchase.id ? purchase.id->to_string() : "without an id") + " (" + (key.empty() ? "no key" : key) +
         ")";
}

template <class Answer>
void Clients::request(const std::function<void(std::function<void(Answer)>)>& ask, std::function<void(Answer)> take) {
  world_.send(Host::kClients, Host::kOrder, world_.now(), [this, ask, take = std::move(take)] {
    if (!orders_.up()) return;
    ask([this, take](Answer answer) {
      world_.send(Host::kOrder, Host::kClients, orders_.local_now(),
                  [take, answer = std::move(answer)] { take(answer); });
    });
  });
}

// --- placing ---

void Clients::place(std::size_t index) {
  Purchase& purchase = purchases_[index];
  if (purchase.over) return;
  const auto number = ++purchase.request;
  ++purchase.sent;
  world_.note("clients", "asks for " + describe(purchase), std::to_string(purchase.sent));
  request<Placing>(
      [this, index](auto done) {
        orders_.post(order::PlaceInput{purchases_[index].wanted, purchases_[index].wait, std::move(done)});
      },
      [this, index, asked = world_.now()](const Placing& answer) { placed(index, answer, asked); });
  const Micros patience = (purchase.wait.count() + world_.random.between(500, 2500)) * kMillisecond;
  world_.after(patience, [this, index, number] {
    Purchase& waiting = purchases_[index];
    if (waiting.over || waiting.id || waiting.request != number) return;
    if (waiting.wanted.idempotency_key.empty()) {
      waiting.over = true;  // it may exist or not: asking again could buy twice
      world_.tally.count("client: gave up, without a key");
      return;
    }
    if (waiting.sent > 1 && crashes_accept(waiting.wanted)) {
      waiting.over = true;  // each request ends the service before it is stored
      world_.tally.count("client: gave up, its order crashes order.accept");
      return;
    }
    world_.tally.count("client: asked again with the same key");
    place(index);
  });
}

/// The same request on another connection, at the same time.
void Clients::place_twin(std::size_t index) {
  ++purchases_[index].sent;
  request<Placing>(
      [this, index](auto done) {
        orders_.post(order::PlaceInput{purchases_[index].wanted, purchases_[index].wait, std::move(done)});
      },
      [this, index, asked = world_.now()](const Placing& answer) {
        if (answer) placed(index, answer, asked);
      });
}

void Clients::place_later(std::size_t index) {
  world_.after(world_.random.between(50, 500) * kMillisecond, [this, index] {
    if (!purchases_[index].id) place(index);
  });
}

void Clients::placed(std::size_t index, const Placing& answer, Micros asked) {
  Purchase& purchase = purchases_[index];
  if (!answer) return refused(index, answer.error());
  if (answer->replayed) world_.tally.count("client: first answer replayed");
  const bool first = !purchase.id;
  saw(purchase, answer->order, asked);
  if (first) follow(index);
}

void Clients::refused(std::size_t index, const order::PlaceFailure& failure) {
  Purchase& purchase = purchases_[index];
  world_.tally.count("refusal: " + std::string(kPlaceErrorNames.at(static_cast<std::size_t>(failure.error))));
  world_.note("clients", describe(purchase) + " refused:", failure.detail);
  if (purchase.id || purchase.over) return;
  ++purchase.request;  // answered
  switch (failure.error) {
    case PlaceError::kKeyInProgress:
    case PlaceError::kOverloaded:
    case PlaceError::kCatalogueUnavailable:
    case PlaceError::kStopping:
    case PlaceError::kStorage:
      return place_later(index);
    case PlaceError::kAcceptTimeout:
    case PlaceError::kAcceptUnknown:
    case PlaceError::kAcceptRefused:
      purchase.accept_failed = purchase.sent == 1;
      [[fallthrough]];
    case PlaceError::kUnknownSku:
    case PlaceError::kPriceAboveLimit:
    case PlaceError::kKeyReused:
      purchase.over = true;
      return;
    case PlaceError::kFailuresForbidden:
      violated("failures", "refused although they are allowed");
  }
}

// --- following ---

void Clients::follow(std::size_t index) {
  Purchase& purchase = purchases_[index];
  if (world_.ending || (purchase.over && purchase.looks_after == 0)) return;
  if (purchase.over) --purchase.looks_after;
  request<Result<OrderView>>([this, id = *purchase.id](auto done) { orders_.get(id, std::move(done)); },
                             [this, index, asked = world_.now()](const Result<OrderView>& view) {
                               Purchase& followed = purchases_[index];
                               if (view) return saw(followed, *view, asked);
                               require(view.error().kind != ErrorKind::kNotFound, "I5",
                                       describe(followed) + " was acknowledged and is lost");
                             });
  world_.after(world_.random.between(100, 900) * kMillisecond, [this, index] { follow(index); });
}

/// @param asked  when: what was asked before an end was told may be answered after it, with what was true in between
void Clients::saw(Purchase& purchase, const OrderView& view, Micros asked) {
  const auto& wanted = purchase.wanted;
  const std::string name = describe(purchase);
  if (!purchase.id) {
    world_.note("clients", name + " is", view.id.to_string());
    purchase.id = view.id;
    purchase.unit_price = view.unit_price;
    if (!wanted.idempotency_key.empty()) {
      const auto [known, added] = order_of_key_.try_emplace(wanted.idempotency_key, view.id);
      require(added || known->second == view.id, "I7", name + ": its key has another order already");
    }
  }
  require(*purchase.id == view.id, "I7", name + ": the same key now leads to order " + view.id.to_string());
  const bool as_wanted = view.user == wanted.user && view.sku == wanted.sku && view.quantity == wanted.quantity &&
                         view.unit_price == *purchase.unit_price &&
                         view.total.value == view.unit_price.value * view.quantity.value &&
                         (!wanted.max_unit_price || view.unit_price <= *wanted.max_unit_price);
  require(as_wanted, "I5", name + " is not what was asked for");
  if (purchase.final) {
    if (!saga::is_final(view.state) && asked <= purchase.told_at) return;
    require(same_end(*purchase.final, view), "I6",
            name + " was told as " + std::string(saga::to_string(purchase.final->state)) + " " +
                std::string(saga::to_string(purchase.final->outcome)) + ", now it is " +
                std::string(saga::to_string(view.state)) + " " + std::string(saga::to_string(view.outcome)));
    return;
  }
  if (!saga::is_final(view.state)) return;
  world_.note("clients", name + " was told its end:", saga::to_string(view.outcome));
  purchase.final = view;
  purchase.told_at = world_.now();
  purchase.over = true;
  purchase.looks_after = static_cast<std::uint32_t>(world_.random.below(3));
}

/// A student who changes their mind.
void Clients::disturb(std::size_t index) {
  Purchase& purchase = purchases_[index];
  if (!purchase.id || world_.ending) return;
  if (purchase.over && !purchase.wanted.idempotency_key.empty()) {
    purchase.looks_after = 1;
    return place_twin(index);
  }
  cancel(index);
}

void Clients::cancel(std::size_t index) {
  using Answer = tl::expected<OrderView, order::CommandFailure>;
  request<Answer>(
      [this, id = *purchases_[index].id](auto done) {
        orders_.post(order::SteerInput{order::Steering::kCancel, id, std::move(done)});
      },
      [this, index](const Answer& answer) {
        Purchase& purchase = purchases_[index];
        if (answer) {
          world_.tally.count("client: cancelled");
          const bool reverts = answer->state == OrderState::kReverting || answer->state == OrderState::kReverted;
          require(reverts, "W3", describe(purchase) + " was cancelled but does not revert");
          require(!purchase.final || purchase.final->state == OrderState::kReverted, "I6",
                  describe(purchase) + " was cancelled after it was told as completed");
          return;
        }
        world_.tally.count("client: cancelled too late");
        require(answer.error().kind != order::CommandFailure::Kind::kNotFound, "I5",
                describe(purchase) + " was acknowledged and cannot be cancelled: it is lost");
      });
}

// --- operators ---

void Clients::apply(std::size_t index) {
  OperatorChange& change = changes_[index];
  if (change.acknowledged) return;
  ParticipantNode& node = *participants_[static_cast<std::size_t>(change.participant)];
  world_.send(Host::kClients, node.host(), world_.now(), [this, index, &node] {
    if (!node.up()) return;
    node.change(
        [change = changes_[index]](participant::Decider& decider) {
          if (change.key.empty()) return decider.participant.set_price(change.holder, change.amount, decider.now);
          return decider.participant.grant(change.holder, change.amount, change.key, decider.now);
        },
        [this, index, &node](const Result<participant::OperatorAnswer>& answer) {
          if (!answer || answer->error == participant::OperatorError::kNotFound) return;  // a SKU that has no price yet
          require(answer->error == participant::OperatorError::kNone, "I2", "an operator's change was refused");
          if (answer->replayed) world_.tally.count("operator: change replayed");
          world_.send(node.host(), Host::kClients, node.local_now(),
                      [this, index] { changes_[index].acknowledged = true; });
        });
  });
  world_.after(world_.random.between(100, 600) * kMillisecond, [this, index] { apply(index); });
}

void Clients::steer(order::Steering steering, const OrderId& id) {
  orders_.post(order::SteerInput{steering, id, [](const auto&) {}});
}

/// Looks after orders that are held or stuck, as an operator with the list of sagas does.
void Clients::sweep() {
  if (world_.ending) return;
  orders_.post(order::SurveyInput{[this](const std::vector<OrderView>&, const std::vector<order::Saga>& sagas) {
    for (const auto& saga : sagas) {
      const bool now = !world_.faults || world_.random.chance(250);
      if (!now) continue;
      if (saga.state == OrderState::kHeld) {
        const bool retries = swept_[saga.id] == 0 && world_.random.chance(500);
        swept_[saga.id] += retries ? 1 : 0;
        world_.tally.count(retries ? "operator: held order retried" : "operator: held order cancelled");
        steer(retries ? order::Steering::kRetry : order::Steering::kCancel, saga.id);
      } else if (saga.stuck || world_.random.chance(100)) {
        world_.tally.count("operator: order pushed");
        steer(order::Steering::kPush, saga.id);
      }
    }
  }});
  world_.after(world_.random.between(300, 1200) * kMillisecond, [this] { sweep(); });
}

}  // namespace ldt::simulation
