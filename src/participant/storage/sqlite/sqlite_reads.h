// Reads over SQLite, beside the writer.
// Depends on platform/sqlite, and on the writer's memory for names, and for what a holder has now: in the file that is
// the saved holding and a long tail of the journal.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "participant/book.h"
#include "participant/storage/reads.h"
#include "platform/sqlite/database.h"

namespace ldt::participant {

/// The writer's memory.
struct SharedBook {
  const Book& book;
  std::mutex& mutex;  // held while the book changes
};

/// A read-only connection that keeps its statements.
class SqliteReads final : public Reads {
 public:
  [[nodiscard]] static Result<std::unique_ptr<SqliteReads>> open(const std::string& path, SharedBook shared);

  [[nodiscard]] Result<HolderPage> page(const std::string& name, EntryFilter filter, std::int64_t before,
                                        std::uint32_t limit) override;
  [[nodiscard]] Result<std::optional<HolderNow>> holder(const std::string& name) override;
  [[nodiscard]] Result<std::vector<HolderNow>> holders(const std::string& after, std::uint32_t limit) override;

 private:
  SqliteReads(sqlite::Database database, SharedBook shared) : database_(std::move(database)), shared_(shared) {}
  /// The statement, reset. `sql` must live as long as the object: use a constant.
  [[nodiscard]] Result<sqlite::Statement*> statement(std::string_view sql);
  struct Found {
    NameId id = kNoName;
    Holding holding;
  };
  /// As of the last commit; its holding is not open where there is none.
  [[nodiscard]] Found find(const std::string& name) const;
  [[nodiscard]] Result<void> read_entries(const Found& holder, EntryFilter filter, std::int64_t before,
                                          std::uint32_t limit, HolderPage& page);

  sqlite::Database database_;
  const SharedBook shared_;
  std::unordered_map<std::string_view, sqlite::Statement> statements_;
};

}  // namespace ldt::participant
