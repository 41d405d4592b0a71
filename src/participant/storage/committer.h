// What decides and commits batches of jobs, whatever they are stored in.
// Depends on job.h. One thread: the writer's.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <span>

#include "base/result.h"
#include "participant/storage/job.h"

namespace ldt::participant {

/// Told of each COMMIT: how long it took and how many commands it made durable.
using OnCommit = std::function<void(std::chrono::nanoseconds duration, std::size_t commands)>;

class Committer {
 public:
  virtual ~Committer() = default;

  /// Decides the jobs, commits, and tells each of them what became of it. The first Error is returned, too.
  virtual Result<void> perform(std::span<Job* const> jobs) = 0;
  /// From another thread: a perform() under way, and those to come, do not wait for a storage that is away.
  virtual void hurry() {}
  /// Comes last: puts in order what makes the next start faster.
  [[nodiscard]] virtual Result<void> finish() = 0;
};

}  // namespace ldt::participant
