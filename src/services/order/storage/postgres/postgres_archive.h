// Reads orders from PostgreSQL, from the primary: what was committed a moment ago is there.
// Depends on platform/postgres. Invariant: connects again by itself; while the server is away, every call fails soon.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "platform/postgres/link.h"
#include "services/order/storage/order_archive.h"

namespace ldt::order {

class PostgresArchive final : public OrderArchive {
 public:
  explicit PostgresArchive(postgres::ConnectionOptions options) : link_(std::move(options)) {}

  Result<OrderView> get(const OrderId& id) override;
  Result<std::vector<OrderView>> get_all(const std::vector<OrderId>& ids) override;
  Result<ListPage> list(const ListQuery& query) override;
  Result<std::vector<Saga>> sagas(bool stuck_only, std::uint32_t limit) override;
  Result<bool> exists(const OrderId& id) override;
  Result<std::vector<Quantity>> sold(const SoldQuery& query) override;
  Result<EndedPage> ended(const EndedQuery& query) override;
  Result<std::vector<EndedPage::Order>> open_orders(std::uint32_t limit) override;
  Result<std::int64_t> newest() override;

  Result<void> begin_audit() override;
  Result<std::optional<AuditedOrder>> next_audited() override;
  void end_audit() override;
  /// Nothing: damage to its files is PostgreSQL's own to find (initdb --data-checksums).
  Result<std::vector<std::string>> verify() override { return std::vector<std::string>{}; }

 private:
  [[nodiscard]] Result<postgres::Rows> run(std::string_view sql, const postgres::Parameters& parameters);
  [[nodiscard]] Result<void> fetch_audited();

  postgres::Link link_;
  std::set<std::string> texts_;  // of statements, which a connection refers to
  std::deque<AuditedOrder> audited_;
  bool audited_all_ = false;
};

}  // namespace ldt::order
