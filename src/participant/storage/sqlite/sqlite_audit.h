// The audit over SQLite: reads on a connection of its own, so the writer goes on.
// Depends on platform/sqlite.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "participant/storage/audit.h"
#include "platform/sqlite/database.h"

namespace ldt::participant {

class SqliteAudit final : public Audit {
 public:
  /// Takes the snapshot.
  [[nodiscard]] static Result<std::unique_ptr<SqliteAudit>> open(const std::string& path, const Terms& terms);

 private:
  SqliteAudit(sqlite::Database database, const Terms& terms) : Audit(terms), database_(std::move(database)) {}
  [[nodiscard]] Result<std::optional<Row>> next_row() override;
  [[nodiscard]] Result<Sums> add_up() override;
  [[nodiscard]] Result<void> check_holders();
  [[nodiscard]] Result<void> check_sequence();
  [[nodiscard]] Result<void> check_pages();

  sqlite::Database database_;
  std::optional<sqlite::Transaction> snapshot_;
  sqlite::Statement rows_;
  bool ended_ = false;
};

}  // namespace ldt::participant
