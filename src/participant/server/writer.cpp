// Runs the group-committing writer.
// Depends on store.h and threads.
#include "participant/server/writer.h"

#include <cstdio>
#include <utility>

namespace ldt::participant {

Writer::Writer(const Rules& rules, Store& store, Book& book, Reporter& reporter, const Clock& clock)
    : store_(store), book_(book), reporter_(reporter), clock_(clock), participant_(rules, book, store), thread_([this] {
        run();
      }) {}

bool Writer::submit(Job& job) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || queued_ + job.size() > kMaxQueued) return false;
  queue_.push_back(&job);
  queued_ += job.size();
  if (queue_.size() == 1) wake_.notify_one();
  return true;
}

void Writer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
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
    perform(jobs);
    jobs.clear();
  }
  if (auto saved = save(); !saved)
    std::fprintf(stderr, "the projection was not saved: %s\n", saved.error().detail.c_str());
}

void Writer::perform(std::vector<Job*>& jobs) {
  if (auto done = decide_and_commit(jobs); !done) {
    book_.rollback();
    std::fprintf(stderr, "a batch was rolled back: %s\n", done.error().detail.c_str());
    for (Job* job : jobs) job->failed(done.error());
    return;
  }
  for (Job* job : jobs) job->durable();
}

Result<void> Writer::decide_and_commit(std::vector<Job*>& jobs) {
  auto transaction = store_.begin();
  if (!transaction) return tl::unexpected(transaction.error());
  Decider decider{participant_, store_, book_, clock_.wall()};
  std::size_t commands = 0;
  for (Job* job : jobs) {
    if (auto decided = job->decide(decider); !decided) return decided;
    commands += job->size();
  }
  const bool saving = book_.last_seq() - saved_seq_ >= kRowsPerSave;
  if (saving) {
    if (auto done = store_.save_projection(book_); !done) return done;
  }
  const auto start = clock_.steady();
  transaction->commit();
  book_.commit();
  if (saving) {
    book_.clear_unsaved();
    saved_seq_ = book_.last_seq();
  }
  reporter_.committed(clock_.steady() - start, commands);
  return {};
}

Result<void> Writer::save() {
  auto transaction = store_.begin();
  if (!transaction) return tl::unexpected(transaction.error());
  if (auto done = store_.save_projection(book_); !done) return done;
  transaction->commit();
  book_.clear_unsaved();
  return {};
}

}  // namespace ldt::participant
