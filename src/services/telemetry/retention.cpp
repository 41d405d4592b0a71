#include "services/telemetry/retention.h"

#include <algorithm>
#include <string>

namespace ldt::telemetry_store {
namespace {

constexpr std::int64_t kMostInAStep = 5'000;
constexpr std::int64_t kFewest = 100;
constexpr double kShare =
    0.02;  // of all records, in a step that makes room: more than has to go, so that some time passes

/// Of all three tables together.
constexpr const char* kOldest =
    "SELECT min(seq) FROM (SELECT min(seq) seq FROM log UNION ALL SELECT min(seq) FROM span "
    "UNION ALL SELECT min(seq) FROM point)";
constexpr const char* kNewest =
    "SELECT max(seq) FROM (SELECT max(seq) seq FROM log UNION ALL SELECT max(seq) FROM span "
    "UNION ALL SELECT max(seq) FROM point)";

/// The first of the next records that came after a moment; what is before it is too old.
std::string first_since(std::int64_t from, std::int64_t to, std::int64_t cutoff_us) {
  std::string sql = "SELECT min(seq) FROM (";
  for (const char* table : {"log", "span", "point"}) {
    if (sql.back() != '(') sql += " UNION ALL ";
    sql += "SELECT min(seq) seq FROM " + std::string(table) + " WHERE seq BETWEEN " + std::to_string(from) + " AND " +
           std::to_string(to) + " AND received_us >= " + std::to_string(cutoff_us);
  }
  return sql + ")";
}

Result<std::uint64_t> used_bytes(sqlite::Database& database) {
  const auto pages = database.query_integer("PRAGMA page_count");
  if (!pages) return tl::unexpected(pages.error());
  const auto unused = database.query_integer("PRAGMA freelist_count");
  if (!unused) return tl::unexpected(unused.error());
  const auto size = database.query_integer("PRAGMA page_size");
  if (!size) return tl::unexpected(size.error());
  return static_cast<std::uint64_t>((*pages - *unused) * *size);
}

Result<void> remove_before(sqlite::Database& database, std::int64_t seq) {
  auto transaction = sqlite::Transaction::begin(database);
  if (!transaction) return tl::unexpected(transaction.error());
  for (const char* table : {"log", "span", "point"}) {
    auto done = database.execute("DELETE FROM " + std::string(table) + " WHERE seq < " + std::to_string(seq));
    if (!done) return done;
  }
  transaction->commit();
  return {};
}

}  // namespace

Result<std::int64_t> Retention::first_kept(sqlite::Database& database, WallTime now) const {
  auto oldest = database.query_integer(kOldest);
  if (!oldest) return oldest;
  auto newest = database.query_integer(kNewest);
  if (!newest || *newest == 0) return newest;
  const std::int64_t beyond = std::min(*oldest + kMostInAStep, *newest + 1);
  const auto cutoff = now.us - std::chrono::microseconds(bounds_.max_age).count();
  auto young = database.query_integer(first_since(*oldest, beyond - 1, cutoff));
  if (!young) return young;
  std::int64_t first = *young == 0 ? beyond : *young;
  const auto used = used_bytes(database);
  if (!used) return tl::unexpected(used.error());
  if (*used > bounds_.max_bytes) {
    const double excess = static_cast<double>(*used - bounds_.max_bytes) / static_cast<double>(*used);
    const auto share = static_cast<std::int64_t>(static_cast<double>(*newest - *oldest) * (excess + kShare));
    first = std::max(first, *oldest + std::clamp(share, kFewest, kMostInAStep));
  }
  return first > *oldest ? first : 0;
}

Result<bool> Retention::step(sqlite::Database& database, WallTime now) const {
  const auto first = first_kept(database, now);
  if (!first) return tl::unexpected(first.error());
  if (*first == 0) return false;
  if (auto removed = remove_before(database, *first); !removed) return tl::unexpected(removed.error());
  return true;
}

std::chrono::milliseconds Retention::interval() const {
  constexpr std::chrono::milliseconds kLeast{500};
  constexpr std::chrono::milliseconds kMost{60'000};
  return std::clamp(std::chrono::milliseconds(bounds_.max_age) / 10, kLeast, kMost);
}

}  // namespace ldt::telemetry_store
