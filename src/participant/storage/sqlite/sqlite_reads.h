// Reads over SQLite, beside the writer.
// Depends on platform/sqlite.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "participant/storage/reads.h"
#include "platform/sqlite/database.h"

namespace ldt::participant {

/// A read-only connection that keeps its statements.
class SqliteReads final : public Reads {
 public:
  [[nodiscard]] static Result<std::unique_ptr<SqliteReads>> open(const std::string& path);

  [[nodiscard]] Result<HolderPage> page(const std::string& name, EntryFilter filter, std::int64_t before,
                                        std::uint32_t limit) override;
  [[nodiscard]] Result<std::optional<HolderNow>> holder(const std::string& name) override;
  [[nodiscard]] Result<std::vector<HolderNow>> holders(const std::string& after, std::uint32_t limit) override;

 private:
  explicit SqliteReads(sqlite::Database database) : database_(std::move(database)) {}
  /// The statement, reset. `sql` must live as long as the object: use a constant.
  [[nodiscard]] Result<sqlite::Statement*> statement(std::string_view sql);
  [[nodiscard]] Result<void> read_entries(std::int64_t holder, EntryFilter filter, std::int64_t before,
                                          std::uint32_t limit, HolderPage& page);

  sqlite::Database database_;
  std::unordered_map<std::string_view, sqlite::Statement> statements_;
};

}  // namespace ldt::participant
