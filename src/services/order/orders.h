// What the order service can do for its callers, whatever protocol they speak: HTTP and gRPC are thin over this.
// Implemented by the engine (what changes orders) and the order store's readers (what shows them).
// Invariant: a callback runs exactly once, on a thread of the implementation's choosing, and only with what is durable.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/amounts.h"
#include "base/clock.h"
#include "base/names.h"
#include "base/order_id.h"
#include "base/result.h"
#include "base/trace_context.h"
#include "saga/failure.h"
#include "saga/vocabulary.h"

namespace ldt::order {

/// A request to place an order, syntactically valid.
struct NewOrder {
  UserName user;
  Sku sku;
  Quantity quantity;
  std::optional<Credits> max_unit_price;
  std::vector<saga::FailureInstruction> failures;  // each passed saga::check
  saga::Handling handling;
  std::string idempotency_key;            // empty: none
  std::uint64_t request_fingerprint = 0;  // of everything above but the key: equal requests have equal fingerprints
  std::optional<TraceContext> caller;     // from the request's traceparent
};

/// One attempt at one step.
struct Attempt {
  saga::Step step = saga::Step::kAccept;
  std::uint32_t number = 1;                      // counts up over the order's life, per step
  saga::Outcome outcome = saga::Outcome::kNone;  // kNone: under way
  WallTime started_at;
  std::chrono::microseconds duration{};
};

struct StruckInstruction {
  saga::FailureInstruction instruction;  // with defaults filled in
  std::uint32_t struck = 0;
};

/// An order as it is shown.
struct OrderView {
  OrderId id;
  UserName user;
  Sku sku;
  Quantity quantity;
  Credits unit_price;
  Credits total;
  saga::OrderState state = saga::OrderState::kRunning;
  saga::Outcome outcome = saga::Outcome::kNone;  // of a finished order
  saga::Outcome reason = saga::Outcome::kNone;   // why it is HELD, REVERTING or REVERTED
  std::optional<saga::Step> failed_step;
  std::vector<Attempt> attempts;  // in the order they began; happy path: one per step
  std::vector<StruckInstruction> failures;
  saga::Handling handling;
  bool stuck = false;  // an undo keeps failing
  TraceId trace_id{};
  WallTime created_at;
  std::optional<WallTime> finished_at;
};

enum class PlaceError {
  kUnknownSku,            // inventory has no such SKU
  kPriceAboveLimit,       // unit price > max_unit_price
  kKeyReused,             // this idempotency key came with another request before
  kKeyInProgress,         // the first request under this key is still being accepted
  kFailuresForbidden,     // this server was started without permission for failure instructions
  kAcceptTimeout,         // order.accept did not answer in time: no order, or one that is reverted
  kAcceptUnknown,         // order.accept failed in a way whose effect is unknown: no order, or one that is reverted
  kAcceptRefused,         // an instruction refused it: no order
  kOverloaded,            // the queues are full: nothing done
  kCatalogueUnavailable,  // no prices yet: inventory has not been reached since the start; nothing done
  kStopping,              // the server is going down: nothing done
  kStorage,               // the order could not be stored; nothing done
};

struct PlaceFailure {
  PlaceError error = PlaceError::kStorage;
  std::string detail;            // one line for people
  std::optional<OrderId> order;  // where one exists
};

struct Placed {
  OrderView order;
  bool replayed = false;  // the answer to an earlier request under the same key
};

struct ListQuery {
  std::optional<UserName> user;
  std::optional<saga::OrderState> state;
  std::optional<saga::Outcome> outcome;
  std::optional<saga::Step> failed_step;
  std::uint32_t limit = 50;       // 1..500
  std::optional<OrderId> before;  // older than this one
};

struct ListPage {
  std::vector<OrderView> orders;  // newest first; attempts as far as they are durable
  std::optional<OrderId> next_before;
};

struct CommandFailure {
  enum class Kind { kNotFound, kWrongState, kUnavailable } kind = Kind::kNotFound;
  std::string detail;
  saga::OrderState state = saga::OrderState::kRunning;  // kWrongState: what it is in
};

struct Saga {  // what an operator sees of an unfinished order
  OrderId id;
  saga::OrderState state = saga::OrderState::kRunning;
  bool stuck = false;
  saga::Step step = saga::Step::kAccept;  // where it is
  std::uint32_t attempts = 0;             // at that step
  std::string last_error;
  WallTime created_at;
};

/// Tokens sold of a SKU: quantity of completed orders.
struct SoldQuery {
  std::vector<std::string> skus;
};

class Orders {
 public:
  virtual ~Orders() = default;

  /// Accepts an order; answers when it has ended, is HELD, or `wait` has passed, but never before it is durable.
  virtual void place(NewOrder order, std::chrono::milliseconds wait,
                     std::function<void(tl::expected<Placed, PlaceFailure>)> done) = 0;
  /// True while orders that are placed would be refused as kOverloaded; of a moment ago. Costs nothing, from any
  /// thread.
  [[nodiscard]] virtual bool full() const = 0;
  /// kNotFound where there is none.
  virtual void get(OrderId id, std::function<void(Result<OrderView>)> done) = 0;
  virtual void list(ListQuery query, std::function<void(Result<ListPage>)> done) = 0;
  /// Reverts an order that is RUNNING or HELD (one that is REVERTING already counts as done); kWrongState once it
  /// finished. Answers as soon as the decision is durable.
  virtual void cancel(OrderId id, std::function<void(tl::expected<OrderView, CommandFailure>)> done) = 0;
  /// Lets a HELD order go on from the step that failed; kWrongState otherwise.
  virtual void retry(OrderId id, std::function<void(tl::expected<OrderView, CommandFailure>)> done) = 0;
  /// Operator: unfinished orders, oldest first, STUCK ones only if asked.
  virtual void sagas(bool stuck_only, std::uint32_t limit, std::function<void(std::vector<Saga>)> done) = 0;
  /// Operator: tries the pending step of an unfinished order now instead of after its backoff.
  virtual void push(OrderId id, std::function<void(tl::expected<OrderView, CommandFailure>)> done) = 0;
  /// Tokens sold per SKU asked for, in that order.
  virtual void sold(SoldQuery query, std::function<void(Result<std::vector<Quantity>>)> done) = 0;
  /// The price that the next order of this SKU would be accepted at has changed or become known.
  virtual void price_changed(const Sku& sku, Credits unit_price) = 0;
};

}  // namespace ldt::order
