// Hands out what works over the schema.
#include "participant/storage/postgres/postgres_storage.h"

#include "participant/storage/postgres/postgres_audit.h"
#include "participant/storage/postgres/postgres_committer.h"
#include "participant/storage/postgres/postgres_prices.h"
#include "participant/storage/postgres/postgres_reads.h"
#include "platform/postgres/counters.h"

namespace ldt::participant {

std::unique_ptr<Committer> PostgresStorage::make_committer(const Rules& rules, const Clock& clock, OnCommit on_commit) {
  return std::make_unique<PostgresCommitter>(rules, options_, allowed_, clock, std::move(on_commit));
}

Result<std::unique_ptr<Reads>> PostgresStorage::open_reads() { return std::make_unique<PostgresReads>(for_reading()); }

Result<std::unique_ptr<Audit>> PostgresStorage::open_audit(const Terms& terms) {
  return PostgresAudit::open(for_reading(), terms);
}

Result<std::vector<PriceNow>> PostgresStorage::prices() {
  auto connection = postgres::Connection::open(for_reading());
  if (!connection) return tl::unexpected(connection.error().plain());
  auto prices = read_prices(**connection);
  if (!prices) return tl::unexpected(prices.error().plain());
  return std::move(*prices);
}

std::unique_ptr<PriceSource> PostgresStorage::watch_prices() { return std::make_unique<PostgresPrices>(for_reading()); }

Written PostgresStorage::written() const { return {.fsyncs = 0, .bytes = postgres::io_counts().bytes_sent}; }

postgres::ConnectionOptions PostgresStorage::for_reading() const {
  postgres::ConnectionOptions options = options_;
  options.read_only = true;
  return options;
}

}  // namespace ldt::participant
