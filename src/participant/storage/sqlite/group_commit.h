// Group commit over SQLite: decides a batch of jobs in memory, commits once, answers all.
// Depends on store.h; sequential: the server's Writer gives it a thread.
// Invariant: no job is answered before the transaction that holds it, and all that it was decided on, is durable (W2).
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "participant/book.h"
#include "participant/participant.h"
#include "participant/storage/committer.h"
#include "participant/storage/sqlite/projection_saver.h"
#include "participant/storage/sqlite/store.h"

namespace ldt::participant {

class GroupCommit final : public Committer {
 public:
  /// A start replays about twice as many rows at most. Holdings lie scattered over their table: the longer they wait,
  /// the fewer pages are written for each.
  static constexpr std::int64_t kRowsPerSave = 131'072;

  /// @param rows_per_save  the projection is saved after so many rows of the journal
  /// @param book_mutex     held while the book changes, but not in COMMIT; nothing: no other thread looks at it
  GroupCommit(const Rules& rules, Store& store, Book& book, const Clock& clock, OnCommit on_commit,
              std::int64_t rows_per_save = kRowsPerSave, std::mutex* book_mutex = nullptr)
      : store_(store),
        book_(book),
        clock_(clock),
        on_commit_(std::move(on_commit)),
        participant_(rules, book, store),
        saver_(store, book, rows_per_save),
        book_mutex_(book_mutex) {}

  /// Performs the jobs as one transaction. On an Error nothing was done, which every job has been told.
  Result<void> perform(std::span<Job* const> jobs) override;
  /// Saves all of the projection, so that the next start has nothing to replay.
  [[nodiscard]] Result<void> finish() override;

 private:
  [[nodiscard]] Result<void> decide_and_commit(std::span<Job* const> jobs);
  [[nodiscard]] Result<std::size_t> decide(std::span<Job* const> jobs);
  [[nodiscard]] std::unique_lock<std::mutex> change_book();

  Store& store_;
  Book& book_;
  const Clock& clock_;
  const OnCommit on_commit_;
  Participant participant_;
  ProjectionSaver saver_;
  std::mutex* const book_mutex_;
};

}  // namespace ldt::participant
