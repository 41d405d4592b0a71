// Gives the engine a thread, an inbox and the machine's clock; reads of ended orders go to a reader beside it.
// Depends on engine.h and the storage. Invariant: the engine is touched by its own thread only.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "platform/telemetry/telemetry.h"
#include "services/order/engine/engine.h"
#include "services/order/engine/observers.h"
#include "services/order/engine/order_telemetry.h"
#include "services/order/engine/orders_elsewhere.h"
#include "services/order/orders.h"
#include "services/order/peers/participant_links.h"
#include "services/order/storage/storage.h"

namespace ldt::order {

class EngineLoop final : public Orders, private World {
 public:
  /// Opens the storage, which must outlive it. kConflict: in use, or of another version.
  /// @param observers  hear of everything, on the engine's thread, and outlive it
  [[nodiscard]] static Result<std::unique_ptr<EngineLoop>> open(Storage& storage, const EngineLimits& limits,
                                                                ParticipantLinks::Addresses participants,
                                                                telemetry::Telemetry& telemetry,
                                                                std::vector<Observer*> observers = {});
  ~EngineLoop() override;

  /// Recovers what was unfinished, and runs until stop().
  [[nodiscard]] Result<void> start();
  /// Orderly: nothing new is begun, everyone who waits is answered. Idempotent.
  void stop();
  /// No new orders from now on. Returns when those in flight have ended, or `patience` has passed.
  void drain(std::chrono::milliseconds patience);
  /// Tells the engine about prices; called by whoever watches inventory.
  void catalogue_ready();
  /// The orders that are HELD or STUCK.
  void waiting(std::function<void(std::vector<OrderView>)> done);

  void place(NewOrder order, std::chrono::milliseconds wait, PlaceCallback done) override;
  [[nodiscard]] bool full() const override { return full_.load(std::memory_order_relaxed); }
  void get(OrderId id, std::function<void(Result<OrderView>)> done) override;
  void list(ListQuery query, std::function<void(Result<ListPage>)> done) override;
  void cancel(OrderId id, SteerCallback done) override;
  void retry(OrderId id, SteerCallback done) override;
  void sagas(bool stuck_only, std::uint32_t limit, std::function<void(std::vector<Saga>)> done) override;
  void push(OrderId id, SteerCallback done) override;
  void sold(SoldQuery query, std::function<void(Result<std::vector<Quantity>>)> done) override;
  void price_changed(const Sku& sku, Credits unit_price) override;

 private:
  class Reader;
  EngineLoop(std::unique_ptr<Store> store, std::unique_ptr<Reader> reader, std::unique_ptr<OrdersElsewhere> elsewhere,
             const EngineLimits& limits, ParticipantLinks::Addresses participants, telemetry::Telemetry& telemetry,
             std::vector<Observer*> observers);
  /// Other engines may drive orders of the same store.
  [[nodiscard]] bool shared() const { return elsewhere_ != nullptr; }
  void own_waiting(std::vector<OrderView> stored, std::function<void(std::vector<OrderView>)> done);
  void get_shared(const OrderId& id, std::function<void(Result<OrderView>)> done);
  void post(Input input);
  void steer(Steering steering, OrderId id, SteerCallback done);
  void run();
  [[nodiscard]] InFlight in_flight();

  const Clock& clock() const override { return clock_; }
  std::uint64_t random() override { return random_(); }
  bool sample(const TraceId& trace_id, std::optional<bool> caller_sampled) override;
  bool promotes() const override { return telemetry_.promotes(); }
  void read_archive(const OrderId& id, std::function<void(Result<OrderView>)> done) override;
  void follow(const OrderId& id, std::chrono::milliseconds wait, std::function<void(Result<OrderView>)> done) override;
  void crash() override;

  SystemClock clock_;
  std::mt19937_64 random_{std::random_device{}()};
  telemetry::Telemetry& telemetry_;
  OrderTelemetry order_telemetry_;
  Observers observers_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Reader> reader_;
  std::unique_ptr<OrdersElsewhere> elsewhere_;  // nullptr: there is no elsewhere
  ParticipantLinks transport_;
  Engine engine_;
  std::optional<WallTime> oldest_;  // at the last look
  SteadyTime look_again_{};

  std::atomic<bool> full_ = false;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Input> inbox_;
  bool stopping_ = false;
  std::size_t at_work_ = 0;  // orders in flight that are not HELD
  std::condition_variable rested_;
  std::thread thread_;
};

}  // namespace ldt::order
