// Reads orders as they are durable, beside the engine that writes them.
// Depends on platform/sqlite; one reader connection, one thread at a time. Invariant: shows committed states only.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "platform/sqlite/database.h"
#include "services/order/audit/audit_rules.h"
#include "services/order/orders.h"

namespace ldt::order {

class OrderArchive {
 public:
  /// `path`: the engine's database, which must exist.
  [[nodiscard]] static Result<OrderArchive> open(const std::string& path);

  /// kNotFound where there is no such order.
  [[nodiscard]] Result<OrderView> get(const OrderId& id);
  /// Newest first. `query.state` is not asked for unfinished states: the engine knows those orders.
  [[nodiscard]] Result<ListPage> list(const ListQuery& query);
  /// True where an order of this id was accepted.
  [[nodiscard]] Result<bool> exists(const OrderId& id);

  /// Begins a snapshot of all orders, ascending by id; next_audited() gives them one by one, then nothing.
  [[nodiscard]] Result<void> begin_audit();
  [[nodiscard]] Result<std::optional<AuditedOrder>> next_audited();
  void end_audit();
  /// As sqlite::Database.
  [[nodiscard]] Result<std::vector<std::string>> verify_pages() { return database_.verify_pages(); }

 private:
  explicit OrderArchive(sqlite::Database database) : database_(std::move(database)) {}
  sqlite::Database database_;
  sqlite::Statement get_;
  std::optional<sqlite::Transaction> snapshot_;
  sqlite::Statement audit_;
};

}  // namespace ldt::order
