// Reads over SQLite, beside the writer.
// Depends on platform/sqlite, and on the writer's memory for what a holder has now: in the file that is the saved
// holding and a long tail of the journal.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "participant/rules.h"
#include "participant/storage/reads.h"
#include "platform/sqlite/database.h"

namespace ldt::participant {

/// A holding as of the last commit, not open where there is none. Thread-safe.
using HoldingNow = std::function<Holding(NameId id)>;

/// A read-only connection that keeps its statements.
class SqliteReads final : public Reads {
 public:
  [[nodiscard]] static Result<std::unique_ptr<SqliteReads>> open(const std::string& path, HoldingNow holding_now);

  [[nodiscard]] Result<HolderPage> page(const std::string& name, EntryFilter filter, std::int64_t before,
                                        std::uint32_t limit) override;
  [[nodiscard]] Result<std::optional<HolderNow>> holder(const std::string& name) override;
  [[nodiscard]] Result<std::vector<HolderNow>> holders(const std::string& after, std::uint32_t limit) override;

 private:
  SqliteReads(sqlite::Database database, HoldingNow holding_now)
      : database_(std::move(database)), holding_now_(std::move(holding_now)) {}
  /// The statement, reset. `sql` must live as long as the object: use a constant.
  [[nodiscard]] Result<sqlite::Statement*> statement(std::string_view sql);
  struct Found {
    NameId id = kNoName;
    Holding holding;
  };
  [[nodiscard]] Result<std::optional<Found>> find(const std::string& name);
  [[nodiscard]] Result<void> read_entries(const Found& holder, EntryFilter filter, std::int64_t before,
                                          std::uint32_t limit, HolderPage& page);

  sqlite::Database database_;
  const HoldingNow holding_now_;
  std::unordered_map<std::string_view, sqlite::Statement> statements_;
};

}  // namespace ldt::participant
