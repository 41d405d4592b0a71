// Decides, commits, answers.
// Depends on store.h.
#include "participant/storage/sqlite/group_commit.h"

namespace ldt::participant {

Result<void> GroupCommit::perform(std::span<Job* const> jobs) {
  if (auto done = decide_and_commit(jobs); !done) {
    book_.rollback();
    for (Job* job : jobs) job->failed(done.error());
    return done;
  }
  for (Job* job : jobs) job->durable();
  return {};
}

Result<void> GroupCommit::decide_and_commit(std::span<Job* const> jobs) {
  auto transaction = store_.begin();
  if (!transaction) return tl::unexpected(transaction.error());
  Decider decider{participant_, store_, book_, clock_.wall()};
  std::size_t commands = 0;
  for (Job* job : jobs) {
    if (auto decided = job->decide(decider); !decided) return decided;
    commands += job->size();
  }
  const bool saving = book_.last_seq() - saved_seq_ >= rows_per_save_;
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
  on_commit_(clock_.steady() - start, commands);
  return {};
}

Result<void> GroupCommit::finish() {
  auto transaction = store_.begin();
  if (!transaction) return tl::unexpected(transaction.error());
  if (auto done = store_.save_projection(book_); !done) return done;
  transaction->commit();
  book_.clear_unsaved();
  return {};
}

}  // namespace ldt::participant
