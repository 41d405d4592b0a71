// The journal in SQLite, and the projections beside it.
// Depends on platform/sqlite. One thread: the writer's.
// Invariant: a saved holding is as of its last entry, `projected_seq` or later, so that with the tail behind it it is
// always true.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "participant/book.h"
#include "participant/journal.h"
#include "platform/sqlite/database.h"

namespace ldt::participant {

class Store final : public Journal {
 public:
  /// Errors as Database::open_owner. The first of `options.migrations` is kSchema.
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(const std::string& path,
                                                           const sqlite::OwnerOptions& options);

  /// Fills an empty book: names, saved holdings, the journal's tail, and so many recent operations that a quarter of
  /// its room is taken; the window grows from there.
  [[nodiscard]] Result<void> load(Book& book);
  [[nodiscard]] Result<sqlite::Transaction> begin() { return sqlite::Transaction::begin(database_); }
  /// Saves a holding as it is after this transaction, if it is open.
  [[nodiscard]] Result<void> save_holding(NameId id, const Holding& holding);
  /// All entries up to this one are in the saved holdings.
  [[nodiscard]] Result<void> save_projected(std::int64_t seq) { return save_seq_.bind(1, seq).run(); }

  [[nodiscard]] Result<std::optional<Operation>> find(const OrderId& order) override;
  [[nodiscard]] Result<void> append(const JournalRow& row) override;
  [[nodiscard]] Result<void> add_name(NameId id, std::string_view name) override;
  [[nodiscard]] Result<std::optional<std::string>> find_key(std::string_view key) override;
  [[nodiscard]] Result<void> add_key(std::string_view key, std::string_view request, std::int64_t seq) override;

 private:
  explicit Store(sqlite::Database database) : database_(std::move(database)) {}
  [[nodiscard]] Result<void> prepare();
  [[nodiscard]] Result<void> load_names(Book& book);
  [[nodiscard]] Result<void> load_holdings(Book& book);
  [[nodiscard]] Result<void> load_tail(Book& book);
  [[nodiscard]] Result<void> load_recent_operations(Book& book);

  sqlite::Database database_;
  sqlite::Statement find_;
  sqlite::Statement append_;
  sqlite::Statement add_name_;
  sqlite::Statement find_key_;
  sqlite::Statement add_key_;
  sqlite::Statement save_holding_;
  sqlite::Statement save_seq_;
};

}  // namespace ldt::participant
