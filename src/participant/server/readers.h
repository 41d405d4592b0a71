// Answers reads beside the writer: a few threads, each with a connection of its own.
// Depends on storage/storage.h and threads.
// Invariant: a slow read never holds up the writer.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/result.h"
#include "participant/storage/storage.h"

namespace ldt::participant {

class Readers {
 public:
  using Work = std::function<void(Reads&)>;
  static constexpr std::size_t kThreads = 2;
  static constexpr std::size_t kMaxQueued = 1024;

  [[nodiscard]] static Result<std::unique_ptr<Readers>> start(Storage& storage);
  ~Readers() { stop(); }

  /// False: too many are waiting, or the readers are stopping; the work will not be done.
  [[nodiscard]] bool submit(Work work);
  /// Finishes what is queued.
  void stop();

 private:
  Readers() = default;
  void run(Reads& reads);

  std::vector<std::unique_ptr<Reads>> connections_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Work> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace ldt::participant
