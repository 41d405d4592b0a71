// Reads orders from the engine's SQLite file.
// Depends on platform/sqlite; one reader connection. Invariant: a list of one user's orders follows their chain, so it
// costs what it shows.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "platform/sqlite/database.h"
#include "services/order/storage/order_archive.h"

namespace ldt::order {

class SqliteArchive final : public OrderArchive {
 public:
  /// `path`: the engine's database, which must exist.
  [[nodiscard]] static Result<std::unique_ptr<SqliteArchive>> open(const std::string& path);

  Result<OrderView> get(const OrderId& id) override;
  Result<std::vector<OrderView>> get_all(const std::vector<OrderId>& ids) override;
  /// `query.state` is not asked for unfinished states: the engine knows those orders.
  Result<ListPage> list(const ListQuery& query) override;
  Result<std::vector<Saga>> sagas(bool, std::uint32_t) override { return std::vector<Saga>{}; }
  Result<bool> exists(const OrderId& id) override;
  Result<std::vector<Quantity>> sold(const SoldQuery& query) override;
  Result<EndedPage> ended(const EndedQuery& query) override;
  Result<std::int64_t> newest() override;

  Result<void> begin_audit() override;
  Result<std::optional<AuditedOrder>> next_audited() override;
  void end_audit() override;
  /// As sqlite::Database.
  Result<std::vector<std::string>> verify() override { return database_.verify_pages(); }

 private:
  explicit SqliteArchive(sqlite::Database database) : database_(std::move(database)) {}
  sqlite::Database database_;
  sqlite::Statement get_, ended_, sold_;
  std::optional<sqlite::Transaction> snapshot_;
  sqlite::Statement audit_;
};

}  // namespace ldt::order
