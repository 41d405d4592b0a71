// Runs the writer.
// Depends on storage/committer.h and threads.
#include "participant/server/writer.h"

#include <cstdio>
#include <utility>

namespace ldt::participant {

Writer::Writer(std::unique_ptr<Committer> committer) : committer_(std::move(committer)), thread_([this] { run(); }) {}

bool Writer::submit(Job& job) {
  Lock lock(mutex_);
  if (!enqueue(lock, job)) return false;
  const bool first = !performing_ && queue_.size() == 1;
  lock.unlock();
  if (first) wake_.notify_one();  // unlocked: the writer's first act is to lock
  return true;
}

bool Writer::perform(Job& job) {
  Lock lock(mutex_);
  if (!enqueue(lock, job)) return false;
  if (performing_) return true;
  perform_queued(lock);
  // What has arrived meanwhile is the thread's: the caller has something else to wait for.
  const bool more = stopping_ || !queue_.empty();
  lock.unlock();
  if (more) wake_.notify_one();
  return true;
}

bool Writer::enqueue(const Lock&, Job& job) {
  if (stopping_ || queued_ + job.size() > kMaxQueued) return false;
  queue_.push_back(&job);
  queued_ += job.size();
  return true;
}

void Writer::perform_queued(Lock& lock) {
  performing_ = true;
  jobs_.swap(queue_);
  queued_ = 0;
  lock.unlock();
  if (auto done = committer_->perform(jobs_); !done)
    std::fprintf(stderr, "a batch was not committed: %s\n", done.error().detail.c_str());
  jobs_.clear();
  lock.lock();
  performing_ = false;
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
  {
    Lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return !performing_ && (stopping_ || !queue_.empty()); });
      if (queue_.empty()) break;
      perform_queued(lock);
    }
  }
  if (auto saved = committer_->finish(); !saved)
    std::fprintf(stderr, "the end was not in order: %s\n", saved.error().detail.c_str());
}

}  // namespace ldt::participant
