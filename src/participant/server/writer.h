// The participant's one writer: takes all that is queued and has it performed at once.
// Depends on storage/committer.h and threads. Invariant: one thread at a time performs.
// Nothing waits for a timer: alone, a job goes at once; while a commit is under way the next batch gathers.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "participant/storage/committer.h"

namespace ldt::participant {

class Writer {
 public:
  static constexpr std::size_t kMaxQueued = 65'536;  // commands

  /// Starts the thread.
  explicit Writer(std::unique_ptr<Committer> committer);
  ~Writer() { stop(); }

  /// Leaves the job to the writer's thread.
  /// @return false: too much is queued, or the writer is stopping; the job will not be called
  [[nodiscard]] bool submit(Job& job);
  /// The same for a caller that may wait for a commit: where nobody performs just now, it does so itself, which spares
  /// the hand-over to another thread.
  [[nodiscard]] bool perform(Job& job);
  /// Finishes what is queued, and the committer; ends the thread.
  void stop();

 private:
  using Lock = std::unique_lock<std::mutex>;

  [[nodiscard]] bool enqueue(const Lock&, Job& job);
  /// All that is queued, with the lock let go meanwhile.
  void perform_queued(Lock& lock);
  void run();

  const std::unique_ptr<Committer> committer_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Job*> queue_;
  std::size_t queued_ = 0;  // commands in queue_
  bool performing_ = false;
  std::vector<Job*> jobs_;  // being performed
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ldt::participant
