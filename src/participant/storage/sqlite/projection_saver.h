// Saves the holdings that the journal adds up to: now and then all that changed, a slice of them with each transaction,
// so that no transaction is long; in the order of their ids, so that a page is written once for many of them.
// Depends on store.h. The writer's thread only. Invariant: as in store.h, after every transaction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "participant/book.h"
#include "participant/storage/sqlite/store.h"

namespace ldt::participant {

class ProjectionSaver {
 public:
  /// @param rows_per_save  of the journal, between two savings
  ProjectionSaver(Store& store, Book& book, std::int64_t rows_per_save)
      : store_(store), book_(book), rows_per_save_(rows_per_save) {}

  /// Before a transaction.
  void begin_if_due();
  /// The last that a transaction of so many commands writes.
  [[nodiscard]] Result<void> save_slice(std::size_t commands);
  /// What became of the transaction.
  void committed();
  void rolled_back() { slice_ = 0; }

  /// In a transaction of its own, at the end: whatever has not been saved.
  [[nodiscard]] Result<void> save_all();

 private:
  Store& store_;
  Book& book_;
  const std::int64_t rows_per_save_;
  std::int64_t saved_through_ = 0;              // at start as if never saved: the first saving takes what a crash left
  std::vector<NameId> saving_;                  // the next one is the last
  std::size_t slice_ = 0;                       // of them, how many went into the open transaction
  std::optional<std::int64_t> saving_through_;  // while it saves: where the journal ended when it began
};

}  // namespace ldt::participant
