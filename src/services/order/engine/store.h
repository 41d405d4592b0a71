// What the engine needs of its storage: one call a transaction, and every change of an order's row a compare-and-set.
// Implemented over SQLite by storage/sqlite, over PostgreSQL by storage/postgres; tests bring their own.
// Invariant: when commit() returns without an error, all of the batch is durable; before that nobody may hear of it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "services/order/engine/order_row.h"

namespace ldt::order {

/// What changes of an order's row.
struct Progress {
  saga::OrderState state = saga::OrderState::kRunning;
  saga::Outcome reason = saga::Outcome::kNone;
  std::optional<saga::Step> failed_step;
  std::optional<WallTime> finished_at;

  void apply_to(OrderRow& row) const {
    row.state = state;
    row.reason = reason;
    row.failed_step = failed_step;
    row.finished_at = finished_at;
  }
};

struct KeyOwner {
  OrderId order;
  std::uint64_t request_fingerprint = 0;
};

/// One write of a transaction, and what became of it.
struct Write {
  enum class Kind : std::uint8_t {
    kInsert,   // the accepted order, RUNNING; not done where its id or its idempotency key is there already
    kChange,   // compare-and-set: where the stored state is `from`, stores `to` with the row's attempts and strikes
    kStrikes,  // saves row->failures[].struck, whatever the state; of an order that has ended the attempts as well
  };
  Kind kind = Kind::kChange;
  const OrderRow* row = nullptr;  // stays as it is until commit() returns
  saga::OrderState from = saga::OrderState::kRunning;
  Progress to{};

  // Set by commit().
  bool done = false;
  std::int64_t seq = 0;            // kInsert: of the row, which may have been there; 0: there is none of this id
  std::optional<Progress> found;   // not done: what the order's row is; nothing: there is none
  std::optional<KeyOwner> key_of;  // kInsert, not done: another order has its idempotency key
};

/// What several engines over one store tell each other, now and then.
struct Attendance {
  std::optional<OrderId> oldest_running;  // of those that this engine drives or may have accepted
  std::optional<OrderId> oldest_open;     // HELD ones as well
  std::vector<OrderId> in_doubt;          // accepted or not: their COMMIT was lost
  std::vector<Saga> stuck;                // of those that this engine drives
  std::size_t room = 0;                   // for so many orders of engines that are gone
};

/// What the others did meanwhile.
struct Attended {
  std::vector<OrderId> lost;       // driven elsewhere from now on
  std::vector<OrderId> pushed;     // driven here, and asked for elsewhere: what waits is tried at once
  std::vector<OrderRow> adopted;   // left behind elsewhere, driven here from now on
  std::vector<OrderRow> resolved;  // of `in_doubt`: they were accepted
  bool more = false;               // there is more to adopt: attend again soon
  std::int64_t oldest_open = 0;    // row of the oldest order that any engine has open; 0: not known
};

class Store {
 public:
  virtual ~Store() = default;

  /// All of them in one transaction; those that are not done save their row's strikes all the same. At most one write
  /// for each order. An error means that nothing happened; kUnknown: that it may have, and the same writes may be
  /// tried again. A store that cannot tell the two apart does not return.
  virtual Result<void> commit(std::span<Write* const> writes) = 0;
  /// Who has these idempotency keys, in their order; nothing where nobody has.
  virtual Result<std::vector<std::optional<KeyOwner>>> find_keys(std::span<const std::string* const> keys) = 0;

  /// Every order that this engine left behind, oldest first.
  virtual Result<std::vector<OrderRow>> unfinished() = 0;
  /// Tokens sold per SKU: the quantities of all COMPLETED orders.
  virtual Result<std::vector<std::pair<std::string, Quantity>>> sold() = 0;

  // Where several engines share the store.

  /// Says that this engine is there, and takes over what others left behind.
  virtual Result<Attended> attend(const Attendance&) { return Attended{}; }
  /// Takes over an order that another engine may drive; nothing where it has ended, or there is none.
  virtual Result<std::optional<OrderRow>> take_over(const OrderId&) { return std::optional<OrderRow>{}; }
  /// Lets the engine that drives the order know, with its next attend(), that it is to try again at once; nothing where
  /// the order has ended, or there is none.
  virtual Result<std::optional<OrderRow>> push(const OrderId&) { return std::optional<OrderRow>{}; }
  /// False: nothing can be stored just now.
  [[nodiscard]] virtual bool available() { return true; }
  /// Leaves all that it drives to the others.
  virtual void leave() {}
};

}  // namespace ldt::order
