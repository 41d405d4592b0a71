// The engine's store over SQLite: orders append in key order, and so do their ends.
// Depends on platform/sqlite. Invariant: a change is one compare-and-set statement; an order names the same user's
// order before it, so that a list of one user's orders needs no index.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "platform/sqlite/database.h"
#include "services/order/engine/store.h"
#include "services/order/storage/sqlite/projections.h"

namespace ldt::order {

class SqliteStore final : public Store {
 public:
  /// Orders between two savings of the projections.
  static constexpr std::int64_t kSaveEvery = 131'072;

  /// Opens or makes the database. kConflict: in use, or of a newer version. `options.migrations` are filled in.
  [[nodiscard]] static Result<SqliteStore> open(const std::string& path, sqlite::OwnerOptions options = {},
                                                std::int64_t save_every = kSaveEvery);

  /// Shared with the archives beside it.
  [[nodiscard]] std::shared_ptr<const Projections> projections() const { return projections_; }

  /// Does not return where COMMIT itself reports an error: it may have happened, and only a restart can find out.
  Result<void> commit(std::span<Write* const> writes) override;
  Result<std::vector<std::optional<KeyOwner>>> find_keys(std::span<const std::string* const> keys) override;
  Result<std::vector<OrderRow>> unfinished() override;
  Result<std::vector<std::pair<std::string, Quantity>>> sold() override;

 private:
  SqliteStore(sqlite::Database database, std::int64_t save_every)
      : database_(std::move(database)), projections_(std::make_shared<Projections>(save_every)) {}
  Result<void> prepare();
  Result<void> write_all(std::span<Write* const> writes);
  Result<void> write(Write& write);
  Result<void> insert(Write& write);
  Result<bool> change(const OrderRow& row, saga::OrderState from, const Progress& to);
  Result<void> save_strikes(const OrderRow& row, std::int64_t seq);
  void roll_back();
  Result<std::optional<Progress>> progress_of(const OrderId& id);
  Result<std::optional<KeyOwner>> find_key(const std::string& idempotency_key);
  Result<bool> finish(const OrderRow& row, saga::OrderState from, const Progress& to);
  Result<void> save_sold();

  sqlite::Database database_;
  sqlite::Statement insert_, find_seq_, update_, finish_, strikes_, end_strikes_, add_sold_, progress_, find_key_;
  std::shared_ptr<Projections> projections_;
  std::unordered_map<std::string, std::int64_t> newly_sold_;  // by SKU, in this transaction
};

}  // namespace ldt::order
