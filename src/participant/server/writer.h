// The participant's one writer: a thread that takes all that is queued and has it performed at once.
// Depends on storage/committer.h and threads.
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

  /// False: too much is queued, or the writer is stopping; the job will not be called.
  [[nodiscard]] bool submit(Job& job);
  /// Finishes what is queued, and the committer; ends the thread.
  void stop();

 private:
  void run();

  const std::unique_ptr<Committer> committer_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Job*> queue_;
  std::size_t queued_ = 0;  // commands in queue_
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ldt::participant
