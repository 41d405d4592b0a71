// Group commit over SQLite: decides a batch of jobs in memory, commits once, answers all.
// Depends on store.h; sequential: the server's Writer gives it a thread.
// Invariant: no job is answered before the transaction that holds it, and all that it was decided on, is durable (W2).
#pragma once

#include <cstdint>
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
  static constexpr std::int64_t kRowsPerSave = 8192;

  /// @param rows_per_save  the projection is saved after so many rows of the journal
  GroupCommit(const Rules& rules, Store& store, Book& book, const Clock& clock, OnCommit on_commit,
              std::int64_t rows_per_save = kRowsPerSave)
      : store_(store),
        book_(book),
        clock_(clock),
        on_commit_(std::move(on_commit)),
        participant_(rules, book, store),
        saver_(store, book, rows_per_save) {}

  /// Performs the jobs as one transaction. On an Error nothing was done, which every job has been told.
  Result<void> perform(std::span<Job* const> jobs) override;
  /// Saves all of the projection, so that the next start has nothing to replay.
  [[nodiscard]] Result<void> finish() override;

 private:
  [[nodiscard]] Result<void> decide_and_commit(std::span<Job* const> jobs);

  Store& store_;
  Book& book_;
  const Clock& clock_;
  const OnCommit on_commit_;
  Participant participant_;
  ProjectionSaver saver_;
};

}  // namespace ldt::participant
