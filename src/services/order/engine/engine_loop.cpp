#include "services/order/engine/engine_loop.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "base/exit_codes.h"

namespace ldt::order {

namespace {
constexpr std::chrono::milliseconds kCrashFlush{100};  // so that the logs tell what struck

// What callers hear once the engine has stopped: nothing was done, and the archive still answers.
void decline(PlaceInput& input) {
  input.done(tl::unexpected(PlaceFailure{PlaceError::kStopping, "the server is going down", std::nullopt}));
}
void decline(SteerInput& input) {
  input.done(tl::unexpected(CommandFailure{CommandFailure::Kind::kUnavailable, "the server is going down", {}}));
}
void decline(LookInput& input) { input.done(std::nullopt); }
void decline(SurveyInput& input) { input.done({}, {}); }
void decline(SoldInput& input) { input.done(std::vector<Quantity>(input.skus.size())); }
void decline(Reply&) {}
void decline(PriceInput&) {}
void decline(CatalogueReadyInput&) {}
void decline(DrainInput&) {}

std::vector<Observer*> with(Observer* first, std::vector<Observer*> others) {
  others.insert(others.begin(), first);
  return others;
}

}  // namespace

/// One thread that reads the database beside the engine.
class EngineLoop::Reader {
 public:
  explicit Reader(std::unique_ptr<OrderArchive> archive) : archive_(std::move(archive)) {}
  ~Reader() { pool_.join(); }

  /// Runs `read(archive)` on the reader's thread.
  template <class Read>
  void post(Read read) {
    boost::asio::post(pool_, [this, read = std::move(read)]() mutable { read(*archive_); });
  }

 private:
  std::unique_ptr<OrderArchive> archive_;
  boost::asio::thread_pool pool_{1};
};

Result<std::unique_ptr<EngineLoop>> EngineLoop::open(Storage& storage, const EngineLimits& limits,
                                                     ParticipantLinks::Addresses participants,
                                                     telemetry::Telemetry& telemetry,
                                                     std::vector<Observer*> observers) {
  auto store = storage.open_store();
  if (!store) return tl::unexpected(store.error());
  auto archive = storage.open_archive();
  if (!archive) return tl::unexpected(archive.error());
  std::unique_ptr<OrdersElsewhere> elsewhere;
  if (storage.shared()) {
    auto second = storage.open_archive();
    if (!second) return tl::unexpected(second.error());
    elsewhere = std::make_unique<OrdersElsewhere>(std::move(*second));
  }
  return std::unique_ptr<EngineLoop>(new EngineLoop(std::move(*store), std::make_unique<Reader>(std::move(*archive)),
                                                    std::move(elsewhere), limits, std::move(participants), telemetry,
                                                    std::move(observers)));
}

EngineLoop::EngineLoop(std::unique_ptr<Store> store, std::unique_ptr<Reader> reader,
                       std::unique_ptr<OrdersElsewhere> elsewhere, const EngineLimits& limits,
                       ParticipantLinks::Addresses participants, telemetry::Telemetry& telemetry,
                       std::vector<Observer*> observers)
    : telemetry_(telemetry),
      order_telemetry_(telemetry),
      observers_(with(&order_telemetry_, std::move(observers))),
      store_(std::move(store)),
      reader_(std::move(reader)),
      elsewhere_(std::move(elsewhere)),
      transport_(std::move(participants),
                 [this](std::vector<Reply> replies) {
                   {
                     const std::lock_guard lock(mutex_);
                     for (auto& reply : replies) inbox_.emplace_back(std::move(reply));
                   }
                   arrived_.notify_one();  // unlocked: the engine's first act is to lock
                 }),
      engine_(limits, *store_, transport_, *this, observers_) {}

EngineLoop::~EngineLoop() { stop(); }

Result<void> EngineLoop::start() {
  if (auto recovered = engine_.recover(); !recovered) return recovered;
  transport_.start();
  thread_ = std::thread([this] { run(); });
  return {};
}

void EngineLoop::run() {
  std::vector<Input> inputs;
  while (true) {
    engine_.process(inputs);
    observers_.rests(in_flight());
    full_.store(engine_.full(), std::memory_order_relaxed);
    std::unique_lock lock(mutex_);
    at_work_ = engine_.in_flight() - engine_.held();
    if (at_work_ == 0) rested_.notify_all();
    const auto ready = [this] { return !inbox_.empty() || stopping_; };
    if (const auto deadline = engine_.next_deadline()) {
      arrived_.wait_until(lock, *deadline, ready);
    } else {
      arrived_.wait(lock, ready);
    }
    inputs.swap(inbox_);
    if (stopping_ && inputs.empty()) break;
  }
  engine_.stop();
}

void EngineLoop::drain(std::chrono::milliseconds patience) {
  post(DrainInput{});
  std::unique_lock lock(mutex_);
  rested_.wait_for(lock, patience, [this] { return inbox_.empty() && at_work_ == 0; });
}

/// Under load the oldest is looked for once a second: that is one look at each of many orders.
InFlight EngineLoop::in_flight() {
  constexpr std::chrono::seconds kLookEvery{1};
  constexpr std::size_t kFew = 8;
  InFlight now{engine_.in_flight(), engine_.held(), engine_.stuck(), {}};
  if (now.orders == now.held) return now;
  if (now.orders <= kFew || clock_.steady() >= look_again_) {
    oldest_ = engine_.oldest();
    look_again_ = clock_.steady() + kLookEvery;
  }
  now.oldest = oldest_;
  return now;
}

void EngineLoop::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    arrived_.notify_one();
  }
  thread_.join();
  transport_.stop();
  if (elsewhere_ != nullptr) elsewhere_->stop();
  store_->leave();
}

void EngineLoop::post(Input input) {
  {
    std::unique_lock lock(mutex_);
    if (!stopping_) {
      inbox_.emplace_back(std::move(input));
      lock.unlock();
      arrived_.notify_one();
      return;
    }
  }
  std::visit([](auto& kind) { decline(kind); }, input);
}

void EngineLoop::catalogue_ready() { post(CatalogueReadyInput{}); }

namespace {

/// HELD and STUCK orders, whoever drives them, as far as they can be read.
std::vector<OrderView> stored_waiting(OrderArchive& archive) {
  constexpr std::uint32_t kMost = 10'000;
  std::vector<OrderView> views;
  if (auto held = archive.list({.state = saga::OrderState::kHeld, .limit = kMost})) views = std::move(held->orders);
  const auto stuck = archive.sagas(true, kMost);
  if (!stuck || stuck->empty()) return views;
  std::vector<OrderId> ids;
  std::map<OrderId, const Saga*> sagas;
  for (const auto& saga : *stuck) {
    ids.push_back(saga.id);
    sagas.emplace(saga.id, &saga);
  }
  auto orders = archive.get_all(ids);
  if (!orders) return views;
  for (auto& order : *orders) {
    order.stuck = true;
    const Saga& saga = *sagas.at(order.id);
    if (order.attempts.empty() || order.attempts.back().step != saga.step) {  // which are stored with the order's end
      order.attempts.push_back({.step = saga.step, .number = saga.attempts, .started_at = saga.created_at});
    }
    views.push_back(std::move(order));
  }
  return views;
}

}  // namespace

void EngineLoop::waiting(std::function<void(std::vector<OrderView>)> done) {
  if (!shared()) return own_waiting({}, std::move(done));
  reader_->post([this, done = std::move(done)](OrderArchive& archive) mutable {
    own_waiting(stored_waiting(archive), std::move(done));
  });
}

void EngineLoop::own_waiting(std::vector<OrderView> stored, std::function<void(std::vector<OrderView>)> done) {
  post(SurveyInput{[stored = std::move(stored), done = std::move(done)](std::vector<OrderView> views,
                                                                        const std::vector<Saga>&) mutable {
                     std::set<OrderId> known;
                     for (const auto& own : views) known.insert(own.id);
                     for (auto& view : stored) {
                       if (known.insert(view.id).second) views.push_back(std::move(view));
                     }
                     done(std::move(views));
                   },
                   true});
}

void EngineLoop::place(NewOrder order, std::chrono::milliseconds wait, PlaceCallback done) {
  post(PlaceInput{std::move(order), wait, std::move(done)});
}

void EngineLoop::get(OrderId id, std::function<void(Result<OrderView>)> done) {
  if (shared()) return get_shared(id, std::move(done));
  post(LookInput{id, [this, id, done = std::move(done)](std::optional<OrderView> view) mutable {
                   if (view) return done(std::move(*view));
                   read_archive(id, std::move(done));
                 }});
}

/// What is stored is the truth, whoever drives the order; what this engine knows beyond it is shown if it fits.
void EngineLoop::get_shared(const OrderId& id, std::function<void(Result<OrderView>)> done) {
  read_archive(id, [this, id, done = std::move(done)](Result<OrderView> stored) mutable {
    if (!stored || saga::is_final(stored->state)) return done(std::move(stored));
    post(LookInput{id, [stored = std::move(stored), done = std::move(done)](std::optional<OrderView> view) mutable {
                     const bool fits = view && (view->state == stored->state || saga::is_final(view->state));
                     done(fits ? Result<OrderView>(std::move(*view)) : std::move(stored));
                   }});
  });
}

void EngineLoop::list(ListQuery query, std::function<void(Result<ListPage>)> done) {
  const bool unfinished = query.state && !saga::is_final(*query.state);
  if (!unfinished || shared()) {
    reader_->post(
        [query = std::move(query), done = std::move(done)](OrderArchive& archive) { done(archive.list(query)); });
    return;
  }
  post(SurveyInput{[query = std::move(query), done = std::move(done)](std::vector<OrderView> views,
                                                                      const std::vector<Saga>&) {
    ListPage page;
    for (auto view = views.rbegin(); view != views.rend(); ++view) {
      const bool wanted = view->state == *query.state && !query.outcome && (!query.user || view->user == *query.user) &&
                          (!query.failed_step || view->failed_step == *query.failed_step) &&
                          (!query.before || view->id < *query.before);
      if (!wanted) continue;
      if (page.orders.size() == query.limit) {
        page.next_before = page.orders.back().id;
        break;
      }
      page.orders.push_back(std::move(*view));
    }
    done(std::move(page));
  }});
}

void EngineLoop::steer(Steering steering, OrderId id, SteerCallback done) {
  post(SteerInput{steering, id, std::move(done)});
}
void EngineLoop::cancel(OrderId id, SteerCallback done) { steer(Steering::kCancel, id, std::move(done)); }
void EngineLoop::retry(OrderId id, SteerCallback done) { steer(Steering::kRetry, id, std::move(done)); }
void EngineLoop::push(OrderId id, SteerCallback done) { steer(Steering::kPush, id, std::move(done)); }

namespace {

/// Of an order that this engine drives it knows more than the store.
std::vector<Saga> with_own(std::vector<Saga> stored, std::vector<Saga> own) {
  std::erase_if(stored, [&own](const Saga& saga) {
    return std::any_of(own.begin(), own.end(), [&saga](const Saga& known) { return known.id == saga.id; });
  });
  std::move(stored.begin(), stored.end(), std::back_inserter(own));
  return own;
}

std::vector<Saga> first_of(std::vector<Saga> sagas, bool stuck_only, std::uint32_t limit) {
  if (stuck_only) std::erase_if(sagas, [](const Saga& saga) { return !saga.stuck; });
  std::sort(sagas.begin(), sagas.end(), [](const Saga& a, const Saga& b) { return a.id < b.id; });
  if (sagas.size() > limit) sagas.resize(limit);
  return sagas;
}

/// Another replica has taken them over and ended them, which this one's engine hears a moment later.
void drop_ended(std::vector<Saga>& own, OrderArchive& archive) {
  std::vector<OrderId> ids;
  ids.reserve(own.size());
  for (const auto& saga : own) ids.push_back(saga.id);
  const auto orders = ids.empty() ? std::vector<OrderView>{} : archive.get_all(ids).value_or(std::vector<OrderView>{});
  std::set<OrderId> ended;
  for (const auto& order : orders) {
    if (saga::is_final(order.state)) ended.insert(order.id);
  }
  std::erase_if(own, [&ended](const Saga& saga) { return ended.contains(saga.id); });
}

}  // namespace

void EngineLoop::sagas(bool stuck_only, std::uint32_t limit, std::function<void(std::vector<Saga>)> done) {
  post(SurveyInput{[this, stuck_only, limit, done = std::move(done)](const std::vector<OrderView>&,
                                                                     std::vector<Saga> sagas) mutable {
    auto own = first_of(std::move(sagas), stuck_only, limit);
    if (!shared()) return done(std::move(own));
    reader_->post([own = std::move(own), stuck_only, limit, done = std::move(done)](OrderArchive& archive) mutable {
      drop_ended(own, archive);
      auto stored = archive.sagas(stuck_only, limit).value_or(std::vector<Saga>{});
      done(first_of(with_own(std::move(stored), std::move(own)), stuck_only, limit));
    });
  }});
}

void EngineLoop::sold(SoldQuery query, std::function<void(Result<std::vector<Quantity>>)> done) {
  if (shared()) {
    return reader_->post(
        [query = std::move(query), done = std::move(done)](OrderArchive& archive) { done(archive.sold(query)); });
  }
  post(SoldInput{std::move(query.skus),
                 [done = std::move(done)](std::vector<Quantity> sold) { done(std::move(sold)); }});
}

void EngineLoop::price_changed(const Sku& sku, Credits unit_price) { post(PriceInput{sku, unit_price}); }

bool EngineLoop::sample(const TraceId& trace_id, std::optional<bool> caller_sampled) {
  return telemetry_.sample(trace_id, caller_sampled);
}

void EngineLoop::read_archive(const OrderId& id, std::function<void(Result<OrderView>)> done) {
  reader_->post([id, done = std::move(done)](OrderArchive& archive) { done(archive.get(id)); });
}

void EngineLoop::follow(const OrderId& id, std::chrono::milliseconds wait,
                        std::function<void(Result<OrderView>)> done) {
  if (!shared()) return read_archive(id, std::move(done));
  elsewhere_->follow(id, wait, std::move(done));
}

void EngineLoop::crash() {
  telemetry_.flush(kCrashFlush);
  ::_exit(kStruckExitCode);
}

}  // namespace ldt::order
