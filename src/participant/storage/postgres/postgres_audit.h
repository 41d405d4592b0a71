// The audit over PostgreSQL: one snapshot on a connection of its own, read through a cursor, so the writers go on.
// Depends on platform/postgres.
#pragma once

#include <memory>
#include <optional>

#include "participant/storage/audit.h"
#include "platform/postgres/connection.h"

namespace ldt::participant {

class PostgresAudit final : public Audit {
 public:
  /// Takes the snapshot.
  [[nodiscard]] static Result<std::unique_ptr<PostgresAudit>> open(const postgres::ConnectionOptions& options,
                                                                   const Terms& terms);

 private:
  PostgresAudit(std::unique_ptr<postgres::Connection> connection, const Terms& terms)
      : Audit(terms), connection_(std::move(connection)) {}
  [[nodiscard]] Result<std::optional<Row>> next_row() override;
  [[nodiscard]] Result<Sums> add_up() override;
  [[nodiscard]] Result<void> check_holders();
  [[nodiscard]] Result<void> check_chains();
  [[nodiscard]] Result<void> check_strays();

  std::unique_ptr<postgres::Connection> connection_;
  std::optional<postgres::Rows> rows_;  // fetched
  int row_ = 0;                         // the next of them
};

}  // namespace ldt::participant
