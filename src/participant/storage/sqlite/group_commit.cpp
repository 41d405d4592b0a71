// Decides, commits, answers.
// Depends on store.h.
#include "participant/storage/sqlite/group_commit.h"

namespace ldt::participant {

Result<void> GroupCommit::perform(std::span<Job* const> jobs) {
  if (auto done = decide_and_commit(jobs); !done) {
    {
      const auto change = change_book();
      book_.rollback();
    }
    saver_.rolled_back();
    for (Job* job : jobs) job->failed(done.error());
    return done;
  }
  for (Job* job : jobs) job->durable();
  return {};
}

Result<void> GroupCommit::decide_and_commit(std::span<Job* const> jobs) {
  saver_.begin_if_due();
  auto transaction = store_.begin();
  if (!transaction) return tl::unexpected(transaction.error());
  const auto commands = decide(jobs);
  if (!commands) return tl::unexpected(commands.error());
  if (auto saved = saver_.save_slice(*commands); !saved) return saved;
  const auto start = clock_.steady();
  transaction->commit();
  {
    const auto change = change_book();
    book_.commit();
  }
  saver_.committed();
  on_commit_(clock_.steady() - start, *commands);
  return {};
}

/// @return how many commands the jobs hold
Result<std::size_t> GroupCommit::decide(std::span<Job* const> jobs) {
  const auto change = change_book();
  Decider decider{participant_, store_, book_, clock_.wall()};
  std::size_t commands = 0;
  for (Job* job : jobs) {
    if (auto decided = job->decide(decider); !decided) return tl::unexpected(decided.error());
    commands += job->size();
  }
  return commands;
}

std::unique_lock<std::mutex> GroupCommit::change_book() {
  return book_mutex_ != nullptr ? std::unique_lock(*book_mutex_) : std::unique_lock<std::mutex>();
}

Result<void> GroupCommit::finish() {
  auto transaction = store_.begin();
  if (!transaction) return tl::unexpected(transaction.error());
  if (auto saved = saver_.save_all(); !saved) return saved;
  transaction->commit();
  return {};
}

}  // namespace ldt::participant
