// A participant's SQLite file: the journal, the memory that is loaded from it, and who uses them.
// Depends on the folder's other headers.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "participant/book.h"
#include "participant/storage/sqlite/store.h"
#include "participant/storage/storage.h"

namespace ldt::participant {

class SqliteStorage final : public Storage {
 public:
  /// Opens the file for its one writer and loads it. The first of `migrations` is kSchema.
  [[nodiscard]] static Result<std::unique_ptr<SqliteStorage>> open(const std::string& path,
                                                                   std::span<const std::string_view> migrations);

  [[nodiscard]] std::unique_ptr<Committer> make_committer(const Rules& rules, const Clock& clock,
                                                          OnCommit on_commit) override;
  [[nodiscard]] Result<std::unique_ptr<Reads>> open_reads() override;
  [[nodiscard]] Result<std::unique_ptr<Audit>> open_audit(const Terms& terms) override;
  [[nodiscard]] Result<std::vector<PriceNow>> prices() override;
  [[nodiscard]] std::unique_ptr<PriceSource> watch_prices() override { return nullptr; }
  [[nodiscard]] Written written() const override;

 private:
  explicit SqliteStorage(std::string path) : path_(std::move(path)) {}

  const std::string path_;
  std::unique_ptr<Store> store_;
  std::mutex book_mutex_;  // the writer changes the book, readers ask it for holdings
  Book book_;
};

}  // namespace ldt::participant
