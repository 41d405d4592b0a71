// Drives the sagas of all unfinished orders: takes what has arrived, decides each, commits once, then acts.
// Single-threaded and deterministic: storage, transport, clock and randomness are interfaces; engine_loop.h gives it a
// thread. Invariant: W1-W5. What needs to be durable leaves after the commit; what does not need it leaves before.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "saga/saga.h"
#include "services/order/engine/admission.h"
#include "services/order/engine/observer.h"
#include "services/order/engine/order_row.h"
#include "services/order/engine/retry_pacing.h"
#include "services/order/engine/store.h"
#include "services/order/engine/timer_queue.h"
#include "services/order/engine/transport.h"

namespace ldt::order {

using PlaceCallback = std::function<void(tl::expected<Placed, PlaceFailure>)>;
using SteerCallback = std::function<void(tl::expected<OrderView, CommandFailure>)>;

struct PlaceInput {
  NewOrder order;
  std::chrono::milliseconds wait{0};
  PlaceCallback done;
  std::optional<SteadyTime> held_until = std::nullopt;  // the store was away when it came
};

enum class Steering : std::uint8_t { kCancel, kRetry, kPush };

struct SteerInput {
  Steering steering = Steering::kCancel;
  OrderId id;
  SteerCallback done;
};

/// Shows an unfinished order; nothing where it is not one.
struct LookInput {
  OrderId id;
  std::function<void(std::optional<OrderView>)> done;
};

/// Shows every unfinished order, oldest first, or those alone that are HELD or STUCK.
struct SurveyInput {
  std::function<void(std::vector<OrderView>, std::vector<Saga>)> done;
  bool waiting_only = false;
};

struct SoldInput {
  std::vector<std::string> skus;
  std::function<void(std::vector<Quantity>)> done;
};

struct PriceInput {
  Sku sku;
  Credits unit_price;
};

/// All prices that inventory has are known from now on: a SKU without one does not exist.
struct CatalogueReadyInput {};

/// No new orders from now on; those that are in flight go on.
struct DrainInput {};

using Input = std::variant<PlaceInput, Reply, SteerInput, LookInput, SurveyInput, SoldInput, PriceInput,
                           CatalogueReadyInput, DrainInput>;

struct EngineLimits {
  saga::Policy policy;
  BackoffLimits do_backoff{std::chrono::milliseconds(20), std::chrono::milliseconds(1'000)};
  BackoffLimits undo_backoff{std::chrono::milliseconds(20), std::chrono::milliseconds(5'000)};
  std::size_t max_in_flight = 16'384;  // beyond it, or fewer (see Admission), new orders are refused as overloaded
  bool allow_failures = false;
  /// So long new orders wait for a store that is away, before they are refused: a planned switch-over is shorter.
  std::chrono::milliseconds hold_new{5'000};
  /// How often other engines over the same store are told that this one is there; 0: there are none. Where there are,
  /// `policy.several_engines` must be on.
  std::chrono::milliseconds attend_every{0};
};

/// What the engine needs from the world beside its storage and transport.
class World {
 public:
  virtual ~World() = default;
  [[nodiscard]] virtual const Clock& clock() const = 0;
  virtual std::uint64_t random() = 0;
  /// True where the order's trace shall be recorded. `caller_sampled`: what its caller says, where there is one.
  virtual bool sample(const TraceId& trace_id, std::optional<bool> caller_sampled) = 0;
  /// True where an order that begins to revert shall be traced from then on, whatever sample() said.
  [[nodiscard]] virtual bool promotes() const { return false; }
  /// Reads an order that is not in flight any more.
  virtual void read_archive(const OrderId& id, std::function<void(Result<OrderView>)> done) = 0;
  /// Shows an order that is not driven here once it has ended, is HELD, or `wait` has passed. An order that only one
  /// engine can drive has ended.
  virtual void follow(const OrderId& id, [[maybe_unused]] std::chrono::milliseconds wait,
                      std::function<void(Result<OrderView>)> done) {
    read_archive(id, std::move(done));
  }
  /// A CRASH instruction struck: ends the process.
  virtual void crash() = 0;
};

class Engine {
 public:
  Engine(const EngineLimits& limits, Store& store, Transport& transport, World& world, Observer& observer);
  ~Engine();

  /// Takes over every unfinished order of the store. Once, before the first process().
  [[nodiscard]] Result<void> recover();
  /// Handles everything that arrived and every timer that is due, and commits once. What this leads to that has to be
  /// written, too, shares its commit with what arrives next: the next process() is due at once then.
  void process(std::vector<Input>& inputs);
  /// When process() is needed next even if nothing arrives.
  [[nodiscard]] std::optional<SteadyTime> next_deadline() const;
  /// Answers everyone who still waits: accepted orders go on after the next start.
  void stop();

  [[nodiscard]] std::size_t in_flight() const { return active_.size(); }
  [[nodiscard]] std::size_t held() const { return held_; }
  [[nodiscard]] std::size_t stuck() const { return stuck_; }
  /// The next order would be refused as overloaded.
  [[nodiscard]] bool full() const { return !admission_.admits(active_.size() - held_); }
  /// When the oldest order in flight that is not HELD was accepted. Looks at all of them.
  [[nodiscard]] std::optional<WallTime> oldest() const;

 private:
  struct Active;
  struct Waiter;

  enum class TimerKind : std::uint8_t { kAttempt, kBackoff, kDelayedWrite, kWaiter };
  struct Timer {
    SteadyTime at;
    OrderId order;
    std::uint32_t token = 0;  // stale unless the order still waits for this very one
    TimerKind kind = TimerKind::kAttempt;
    friend bool operator>(const Timer& a, const Timer& b) { return a.at > b.at; }
  };

  /// What follows the commit of a write: the truth, or what a failure instruction makes of it.
  enum class Then : std::uint8_t { kTell, kTimeout, kUnknown, kCrash, kRefuse };
  struct PendingWrite {
    OrderId order;
    saga::Action action;
    bool apply = true;  // false: only the strike is recorded
    Then then = Then::kTell;
    bool shown = false;  // an attempt at order.accept or order.finish that is a line of its own
    Write write{};       // unless only a strike is recorded, and there is no row for it yet
  };

  void take(PlaceInput& input);
  void take(Reply& reply);
  void take(SteerInput& input);
  void take(LookInput& input);
  void take(SurveyInput& input);
  void take(SoldInput& input);
  void take(PriceInput& input);
  void take(CatalogueReadyInput& input);
  void take(DrainInput& input);

  std::optional<PlaceFailure> refuse(const NewOrder& order) const;
  /// Of all orders that arrived, in one go.
  void look_up_keys(const std::vector<Input>& inputs);
  bool answer_by_key(PlaceInput& input, const Result<std::optional<KeyOwner>>& owner);
  void show_key_owner(const KeyOwner& owner, std::uint64_t fingerprint, std::chrono::milliseconds wait,
                      PlaceCallback done);
  void accept(PlaceInput& input, Credits unit_price);
  void wait_for(Active& active, std::chrono::milliseconds wait, PlaceCallback done, bool replayed);

  /// Drives an order that is stored, from the beginning. @param why  a RUNNING one must fail; kNone: it need not
  Active& adopt(OrderRow row, saga::Outcome why);
  // Beside other engines:
  void attend();
  [[nodiscard]] Attendance attendance();
  [[nodiscard]] Saga saga_of(const Active& active) const;
  /// Another engine drives it now.
  void let_go(Active& active);
  /// Another order was accepted under the same idempotency key, by another engine.
  void yield_to(Active& active, const KeyOwner& owner);
  Active* take_over(SteerInput& input);
  void let_in_again(std::vector<Input>& inputs);
  void hold_new(std::vector<Input>& inputs);
  bool push_elsewhere(SteerInput& input);
  void try_at_once(Active& active);
  [[nodiscard]] bool may_be_stale(const Active& active) const;

  void dispatch(Active& active, const saga::Event& event);
  void perform(Active& active, const saga::Action& action);
  void send(Active& active, const saga::Action& action);
  void send_again(Active& active);
  void send_command(Active& active, saga::Step step, std::uint32_t attempt);
  /// Gives the command its step's failure instructions; the order has some.
  static void instruct(Active& active, Command& command);
  void back_off(Active& active, const saga::Action& action);
  void queue_write(Active& active, const saga::Action& action);
  /// Strikes an order.accept or order.finish instruction, if one is left; false: none struck.
  bool strike_local(Active& active, const saga::Action& action);

  void commit_writes();
  [[nodiscard]] bool prepare(PendingWrite& pending);
  void conclude(const PendingWrite& pending);
  void conclude_change(Active& active, const PendingWrite& pending);
  [[nodiscard]] Progress progress_of(const Active& active, saga::OrderState state) const;
  [[nodiscard]] saga::Event conflict_event(Active& active, const std::optional<Progress>& found);
  /// The order begins to revert: its trace shall be there, however it was sampled.
  void promote(Active& active);

  /// Counts the strike that took a participant's answer with it. @return its kind; empty: none struck
  static std::string_view conclude_strike(Active& active, saga::Step step, saga::Outcome failure);
  void begin_attempt(Active& active, saga::Step step);
  void mark_attempt(Active& active, saga::Outcome outcome);
  void end_attempt(Active& active, saga::Outcome outcome, std::string_view struck, const std::string& error);
  /// Of order.accept or order.finish.
  void end_local_attempt(Active& active, saga::Outcome outcome);
  void arm(Active& active, TimerKind kind, std::chrono::microseconds delay);
  void fire(const Timer& timer);
  void flush_sends();

  void tell_progress(Active& active);
  void answer_waiters(Active& active);
  void answer_steers(Active& active);
  void retire(Active& active);
  void note_stuck(Active& active, bool was_stuck);

  const EngineLimits limits_;
  Store& store_;
  Transport& transport_;
  World& world_;
  Observer& observer_;

  std::unordered_map<OrderId, std::unique_ptr<Active>> active_;
  std::unordered_map<std::string, Credits> prices_;
  bool catalogue_ready_ = false;
  std::unordered_map<std::string, std::int64_t> sold_;
  std::unordered_map<std::string, OrderId> keys_being_accepted_;
  std::vector<PlaceInput> waiting_for_store_;
  std::vector<Result<std::optional<KeyOwner>>> key_owners_;  // of what arrived with a key, the next one last
  OrderIdGenerator ids_;
  Admission admission_{limits_.max_in_flight};
  RetryBudget retry_budget_{2'000, 2'000};  // retries a second, and at once
  std::array<std::vector<Command>, saga::kPlan.size()> outbox_;
  std::vector<PendingWrite> writes_;
  std::vector<OrderId> retired_;
  TimerQueue<Timer> timers_;
  std::uint32_t next_waiter_ = 0;
  std::uint32_t next_timer_ = 0;
  std::size_t held_ = 0;
  std::size_t stuck_ = 0;
  SteadyTime now_{};
  bool draining_ = false;
  SteadyTime attends_at_{};
  std::unordered_map<OrderId, SteadyTime> in_doubt_;  // orders whose first COMMIT was lost, and until when to look
};

}  // namespace ldt::order
