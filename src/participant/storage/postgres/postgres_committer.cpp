// Tries until it is done, refused, or too late.
// Depends on batch.h.
#include "participant/storage/postgres/postgres_committer.h"

#include <thread>
#include <utility>

#include "participant/storage/postgres/batch.h"
#include "platform/postgres/schema.h"

namespace ldt::participant {

namespace {

constexpr std::chrono::milliseconds kPause{10};

postgres::Link::Prepare durable_unless(std::vector<std::string> allowed) {
  return [allowed = std::move(allowed)](postgres::Connection& connection) -> postgres::Result<void> {
    if (auto lasts = postgres::check_durability(connection, allowed); !lasts) {
      return tl::unexpected(postgres::Error{postgres::ErrorClass::kConnection, {}, lasts.error().detail});
    }
    return {};
  };
}

postgres::ConnectionOptions by_index(postgres::ConnectionOptions options) {
  options.plans_by_index = true;
  return options;
}

/// Of what was not committed. A constraint means that another replica was faster; the next try sees what it did.
Error not_done(const postgres::Error& error) {
  const bool final = error.kind == postgres::ErrorClass::kOther;
  return {final ? ErrorKind::kInternal : ErrorKind::kUnavailable, "PostgreSQL: " + error.detail};
}

}  // namespace

PostgresCommitter::PostgresCommitter(const Rules& rules, postgres::ConnectionOptions options,
                                     std::vector<std::string> allowed, const Clock& clock, OnCommit on_commit)
    : rules_(rules),
      clock_(clock),
      on_commit_(std::move(on_commit)),
      link_(by_index(std::move(options)), durable_unless(std::move(allowed))) {}

Result<void> PostgresCommitter::perform(std::span<Job* const> jobs) {
  Result<void> first;
  while (!jobs.empty()) {
    std::size_t taken = 1;
    std::size_t commands = jobs.front()->size();
    while (taken < jobs.size() && commands + jobs[taken]->size() <= kMaxCommands) commands += jobs[taken++]->size();
    auto done = perform_portion(jobs.first(taken));
    if (!done && first) first = std::move(done);
    jobs = jobs.subspan(taken);
  }
  return first;
}

Result<void> PostgresCommitter::perform_portion(std::span<Job* const> jobs) {
  const SteadyTime until = clock_.steady() + kPatience;
  auto done = try_once(jobs);
  while (!done && done.error().kind == ErrorKind::kUnavailable && !hurried_ && clock_.steady() < until) {
    pause();
    done = try_once(jobs);
  }
  for (Job* job : jobs) {
    if (done) {
      job->durable();
    } else {
      job->failed(done.error());
    }
  }
  return done;
}

Result<void> PostgresCommitter::try_once(std::span<Job* const> jobs) {
  const auto connection = link_.get();
  if (!connection) return tl::unexpected(not_done(connection.error()));
  Batch batch(rules_, jobs);
  if (auto loaded = batch.load(**connection); !loaded) {
    (*connection)->rollback();
    return tl::unexpected(not_done(loaded.error()));
  }
  if (auto decided = batch.decide(clock_.wall()); !decided) {
    (*connection)->rollback();
    return decided;
  }
  batch.queue_writes(**connection);
  return commit(**connection, batch.commands());
}

Result<void> PostgresCommitter::commit(postgres::Connection& connection, std::size_t commands) {
  const SteadyTime start = clock_.steady();
  const auto committed = connection.commit();
  if (committed.fate == postgres::Fate::kCommitted) {
    on_commit_(clock_.steady() - start, commands);
    return {};
  }
  connection.rollback();
  if (committed.fate == postgres::Fate::kRolledBack) return tl::unexpected(not_done(committed.error));
  return failure(ErrorKind::kUnknown, "PostgreSQL: the fate of a COMMIT is unknown: " + committed.error.detail);
}

void PostgresCommitter::pause() { std::this_thread::sleep_for(kPause); }

}  // namespace ldt::participant
