// Group commit: decides a batch of jobs in memory, commits once, answers all.
// Depends on store.h; sequential: the server's Writer gives it a thread.
// Invariant: no job is answered before the transaction that holds it, and all that it was decided on, is durable (W2).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "base/clock.h"
#include "base/result.h"
#include "participant/book.h"
#include "participant/participant.h"
#include "participant/storage/store.h"

namespace ldt::participant {

/// Where jobs decide: only inside Job::decide, on the writer's thread.
struct Decider {
  Participant& participant;
  Journal& journal;
  const Book& book;
  WallTime now;
};

/// Something to be decided in the next transaction. Must live until durable() or failed() has been called;
/// exactly one of them is, on the writer's thread.
class Job {
 public:
  virtual ~Job() = default;
  /// How many commands it holds.
  [[nodiscard]] virtual std::size_t size() const = 0;
  /// An Error drops the whole transaction; what is wrong with the job alone is kept for durable().
  [[nodiscard]] virtual Result<void> decide(Decider& decider) = 0;
  virtual void durable() = 0;
  /// Nothing was done.
  virtual void failed(const Error& error) = 0;
};

class GroupCommit {
 public:
  static constexpr std::int64_t kRowsPerSave = 8192;
  /// Told of each COMMIT: how long it took and how many commands it made durable.
  using OnCommit = std::function<void(std::chrono::nanoseconds duration, std::size_t commands)>;

  /// @param rows_per_save  the projection is saved after so many rows of the journal
  GroupCommit(const Rules& rules, Store& store, Book& book, const Clock& clock, OnCommit on_commit,
              std::int64_t rows_per_save = kRowsPerSave)
      : store_(store),
        book_(book),
        clock_(clock),
        on_commit_(std::move(on_commit)),
        rows_per_save_(rows_per_save),
        participant_(rules, book, store) {}

  /// Performs the jobs as one transaction. On an Error nothing was done, which every job has been told.
  Result<void> perform(std::span<Job* const> jobs);
  /// Saves the projection, so that the next start has nothing to replay.
  [[nodiscard]] Result<void> save();

 private:
  [[nodiscard]] Result<void> decide_and_commit(std::span<Job* const> jobs);

  Store& store_;
  Book& book_;
  const Clock& clock_;
  const OnCommit on_commit_;
  const std::int64_t rows_per_save_;
  Participant participant_;
  std::int64_t saved_seq_ = 0;  // at start as if never saved: the first commit then saves what a crash left
};

}  // namespace ldt::participant
