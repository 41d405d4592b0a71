// Decides and commits batches over PostgreSQL, beside any number of others over the same schema.
// Depends on batch.h and platform/postgres.
// Invariant: nothing is remembered between batches, so nothing can be stale; a COMMIT whose fate is unknown is answered
// as such, and the sender's repeat finds the truth by the order's id.
#pragma once

#include <atomic>
#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "participant/storage/committer.h"
#include "platform/postgres/link.h"

namespace ldt::participant {

class PostgresCommitter final : public Committer {
 public:
  /// A batch waits so long for a server that is away (a failover takes some seconds) or for locks.
  static constexpr std::chrono::seconds kPatience{10};
  /// Commands in one batch: each makes two rows at most.
  static constexpr std::size_t kMaxCommands = 2048;

  /// @param allowed  see postgres::check_durability(), which each new connection is asked
  PostgresCommitter(const Rules& rules, postgres::ConnectionOptions options, std::vector<std::string> allowed,
                    const Clock& clock, OnCommit on_commit);

  Result<void> perform(std::span<Job* const> jobs) override;
  void hurry() override { hurried_ = true; }
  [[nodiscard]] Result<void> finish() override { return {}; }

 private:
  Result<void> perform_portion(std::span<Job* const> jobs);
  /// Error kUnavailable: nothing was done, and another try may succeed; kUnknown: it may have been done; others: final.
  [[nodiscard]] Result<void> try_once(std::span<Job* const> jobs);
  [[nodiscard]] Result<void> commit(postgres::Connection& connection, std::size_t commands);
  void pause();

  const Rules& rules_;
  const Clock& clock_;
  const OnCommit on_commit_;
  postgres::Link link_;
  std::atomic<bool> hurried_{false};
};

}  // namespace ldt::participant
