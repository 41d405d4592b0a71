// The engine's store over SQLite: orders append in key order, and so do their ends.
// Depends on platform/sqlite. Invariant: a change is one compare-and-set statement; who ordered last is known in
// memory, and saved now and then, in bulk.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "platform/sqlite/database.h"
#include "services/order/engine/store.h"

namespace ldt::order {

class SqliteStore final : public Store {
 public:
  /// Orders between two saves of the projections: a query for one user reads at most so many rows beside the index.
  static constexpr std::int64_t kIndexEvery = 8192;

  /// Opens or makes the database. kConflict: in use, or of a newer version. `options.migrations` are filled in.
  [[nodiscard]] static Result<SqliteStore> open(const std::string& path, sqlite::OwnerOptions options = {},
                                                std::int64_t index_every = kIndexEvery);

  Result<void> begin() override;
  Result<bool> insert(OrderRow& row) override;
  Result<bool> change(const OrderRow& row, saga::OrderState from, const Progress& to) override;
  Result<void> save_strikes(const OrderRow& row) override;
  Result<void> commit() override;
  void rollback() override;

  Result<std::optional<Progress>> progress_of(const OrderId& id) override;
  Result<std::optional<KeyOwner>> find_key(const std::string& idempotency_key) override;
  Result<std::vector<OrderRow>> unfinished() override;
  Result<std::vector<std::pair<std::string, Quantity>>> sold() override;

 private:
  SqliteStore(sqlite::Database database, std::int64_t index_every)
      : database_(std::move(database)), index_every_(index_every) {}
  Result<void> prepare();
  Result<bool> finish(const OrderRow& row, saga::OrderState from, const Progress& to);
  Result<void> load_last_orders();
  Result<void> save_sold();
  Result<void> save_projections();

  sqlite::Database database_;
  std::optional<sqlite::Transaction> transaction_;
  sqlite::Statement insert_, find_seq_, update_, finish_, strikes_, end_strikes_, add_sold_, progress_, find_key_,
      save_last_;
  std::int64_t index_every_;
  std::int64_t not_indexed_ = 0;                              // orders inserted since the last save of the projections
  std::unordered_map<std::string, std::int64_t> newly_sold_;  // by SKU, in this transaction

  /// A user's newest order.
  struct LastOrder {
    std::int64_t seq = 0;
    bool saved = true;  // in the projection
  };
  using LastOrders = std::unordered_map<std::string, LastOrder>;
  LastOrders last_orders_;
  std::vector<LastOrders::value_type*> to_save_;                             // those that are not saved
  std::vector<std::pair<LastOrders::value_type*, std::int64_t>> overtaken_;  // in this transaction, and what they were
};

}  // namespace ldt::order
