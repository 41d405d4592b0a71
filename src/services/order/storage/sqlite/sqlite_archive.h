// Reads orders from the engine's SQLite file.
// Depends on platform/sqlite; one reader connection. Invariant: a list of one user's orders follows their chain, so it
// costs what it shows.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "platform/sqlite/database.h"
#include "services/order/storage/order_archive.h"
#include "services/order/storage/sqlite/projections.h"

namespace ldt::order {

class SqliteArchive final : public OrderArchive {
 public:
  /// @param path         the engine's database, which must exist
  /// @param projections  the engine's memory; nothing: there is none, and the file's tail is searched in its place
  [[nodiscard]] static Result<std::unique_ptr<SqliteArchive>> open(
      const std::string& path, std::shared_ptr<const Projections> projections = nullptr);

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
  SqliteArchive(sqlite::Database database, std::shared_ptr<const Projections> projections)
      : database_(std::move(database)), projections_(std::move(projections)) {}
  sqlite::Database database_;
  const std::shared_ptr<const Projections> projections_;
  sqlite::Statement get_, ended_, sold_;
  std::optional<sqlite::Transaction> snapshot_;
  sqlite::Statement audit_;
};

}  // namespace ldt::order
