// Reads orders as they are durable, beside the engine that writes them.
// Implemented over SQLite and PostgreSQL. Invariant: shows committed states only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/order/audit/audit_rules.h"
#include "services/order/orders.h"

namespace ldt::order {

/// Asks for orders that have ended, by the rows they have in the store.
struct EndedQuery {
  std::int64_t from = 0;  // rows, both included
  std::int64_t through = 0;
  WallTime since;  // the order did not end before
  std::optional<UserName> user;
};

struct EndedPage {
  struct Order {
    std::int64_t row = 0;
    OrderView view;
  };
  std::vector<Order> orders;  // ascending by row
  std::int64_t next = 0;      // go on from here; beyond `through`: that is all
};

/// One thread at a time.
class OrderArchive {
 public:
  virtual ~OrderArchive() = default;

  /// kNotFound where there is no such order.
  [[nodiscard]] virtual Result<OrderView> get(const OrderId& id) = 0;
  /// The same for several; those that are not there are left out.
  [[nodiscard]] virtual Result<std::vector<OrderView>> get_all(const std::vector<OrderId>& ids) = 0;
  /// Newest first. Where one engine drives all unfinished orders, it is asked for these itself.
  [[nodiscard]] virtual Result<ListPage> list(const ListQuery& query) = 0;
  /// Unfinished orders, oldest first, whoever drives them, as far as it is stored where they are. Asked for only where
  /// several engines share the store.
  [[nodiscard]] virtual Result<std::vector<Saga>> sagas(bool stuck_only, std::uint32_t limit) = 0;
  /// True where an order of this id was accepted.
  [[nodiscard]] virtual Result<bool> exists(const OrderId& id) = 0;
  /// Tokens sold of each SKU that is asked for.
  [[nodiscard]] virtual Result<std::vector<Quantity>> sold(const SoldQuery& query) = 0;

  /// Looks at a bounded number of rows.
  [[nodiscard]] virtual Result<EndedPage> ended(const EndedQuery& query) = 0;
  /// Orders that have not ended, the newest ones, whoever drives them, as far as it is stored where they are. Nothing
  /// where one engine drives them all.
  [[nodiscard]] virtual Result<std::vector<EndedPage::Order>> open_orders(std::uint32_t /*limit*/) {
    return std::vector<EndedPage::Order>{};
  }
  /// The row of the newest order; 0 where there is none.
  [[nodiscard]] virtual Result<std::int64_t> newest() = 0;

  /// Begins a snapshot of all orders, ascending by id; next_audited() gives them one by one, then nothing.
  [[nodiscard]] virtual Result<void> begin_audit() = 0;
  [[nodiscard]] virtual Result<std::optional<AuditedOrder>> next_audited() = 0;
  virtual void end_audit() = 0;
  /// Reads all of the storage that is this service's own to guard.
  /// @return a line for each part that is damaged
  [[nodiscard]] virtual Result<std::vector<std::string>> verify() = 0;
};

}  // namespace ldt::order
