// The participant's one writer: a thread that takes all that is queued and has it performed by one group commit.
// Depends on storage/group_commit.h and threads.
// Nothing waits for a timer: alone, a job goes at once; while a commit is under way the next batch gathers.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "participant/server/reporter.h"
#include "participant/storage/group_commit.h"
#include "platform/process/statistics.h"

namespace ldt::participant {

class Writer {
 public:
  static constexpr std::size_t kMaxQueued = 65'536;  // commands

  /// Starts the thread. The book has been loaded from the store.
  Writer(const Rules& rules, Store& store, Book& book, Reporter& reporter, process::CommitCounters& commits,
         const Clock& clock);
  ~Writer() { stop(); }

  /// False: too much is queued, or the writer is stopping; the job will not be called.
  [[nodiscard]] bool submit(Job& job);
  /// Finishes what is queued, saves the projection, ends the thread.
  void stop();

 private:
  void run();

  GroupCommit group_commit_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Job*> queue_;
  std::size_t queued_ = 0;  // commands in queue_
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ldt::participant
