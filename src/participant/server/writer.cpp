// Runs the writer.
// Depends on storage/committer.h and threads.
#include "participant/server/writer.h"

#include <cstdio>
#include <utility>

namespace ldt::participant {

Writer::Writer(std::unique_ptr<Committer> committer) : committer_(std::move(committer)), thread_([this] { run(); }) {}

bool Writer::submit(Job& job) {
  std::unique_lock lock(mutex_);
  if (stopping_ || queued_ + job.size() > kMaxQueued) return false;
  queue_.push_back(&job);
  queued_ += job.size();
  const bool first = queue_.size() == 1;
  lock.unlock();
  if (first) wake_.notify_one();  // unlocked: the writer's first act is to lock
  return true;
}

void Writer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  committer_->hurry();
  if (thread_.joinable()) thread_.join();
}

void Writer::run() {
  std::vector<Job*> jobs;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) break;
      jobs.swap(queue_);
      queued_ = 0;
    }
    if (auto done = committer_->perform(jobs); !done)
      std::fprintf(stderr, "a batch was not committed: %s\n", done.error().detail.c_str());
    jobs.clear();
  }
  if (auto saved = committer_->finish(); !saved)
    std::fprintf(stderr, "the end was not in order: %s\n", saved.error().detail.c_str());
}

}  // namespace ldt::participant
