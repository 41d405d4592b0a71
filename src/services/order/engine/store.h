// What the engine needs of its storage. One writer; every change of an order row is a compare-and-set.
// Implemented over SQLite by sqlite_store.h; tests bring their own.
// Invariant: when commit() returns, everything since begin() is durable; before that nobody may hear of it.
#pragma once

#include <optional>
#include <string>
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

class Store {
 public:
  virtual ~Store() = default;

  /// An error from any of these means that nothing since begin() has happened: call rollback().
  virtual Result<void> begin() = 0;
  /// Inserts an accepted order and sets row.seq; false where its id is there already.
  virtual Result<bool> insert(OrderRow& row) = 0;
  /// Compare-and-set: where the stored state is `from`, stores `to` with the row's attempts and strikes; false where it
  /// is not.
  virtual Result<bool> change(const OrderRow& row, saga::OrderState from, const Progress& to) = 0;
  /// Saves row.failures[].struck, whatever the state; of an order that has ended the attempts as well.
  virtual Result<void> save_strikes(const OrderRow& row) = 0;

  /// Does not return where COMMIT itself reports an error: it may have happened, and only a restart can find out.
  virtual Result<void> commit() = 0;

  virtual void rollback() = 0;

  /// Nothing where there is no such order.
  virtual Result<std::optional<Progress>> progress_of(const OrderId& id) = 0;
  virtual Result<std::optional<KeyOwner>> find_key(const std::string& idempotency_key) = 0;
  /// Every order that has not ended, oldest first.
  virtual Result<std::vector<OrderRow>> unfinished() = 0;
  /// Tokens sold per SKU: the quantities of all COMPLETED orders.
  virtual Result<std::vector<std::pair<std::string, Quantity>>> sold() = 0;
};

}  // namespace ldt::order
