// The participant's one writer: takes all that is queued, decides each job in memory, commits once, answers all.
// Depends on store.h. Nothing waits for a timer: alone, a job goes at once; while a commit is under way the next batch
// gathers. Invariant: no job is answered before the transaction that holds it, and all that it was decided on, is
// durable (W2).
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "participant/book.h"
#include "participant/participant.h"
#include "participant/server/reporter.h"
#include "participant/server/store.h"

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

class Writer {
 public:
  static constexpr std::size_t kMaxQueued = 65'536;   // commands
  static constexpr std::int64_t kRowsPerSave = 8192;  // the projection is saved after so many rows

  /// Starts the thread. The book has been loaded from the store.
  Writer(const Rules& rules, Store& store, Book& book, Reporter& reporter, const Clock& clock);
  ~Writer() { stop(); }

  /// False: too much is queued, or the writer is stopping; the job will not be called.
  [[nodiscard]] bool submit(Job& job);
  /// Finishes what is queued, saves the projection, ends the thread.
  void stop();

 private:
  void run();
  void perform(std::vector<Job*>& jobs);
  [[nodiscard]] Result<void> decide_and_commit(std::vector<Job*>& jobs);
  [[nodiscard]] Result<void> save();

  Store& store_;
  Book& book_;
  Reporter& reporter_;
  const Clock& clock_;
  Participant participant_;
  std::int64_t saved_seq_ = 0;  // at start as if never saved: the first commit then saves what a crash left

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Job*> queue_;
  std::size_t queued_ = 0;  // commands in queue_
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ldt::participant
