#include "services/telemetry/schema.h"

#include <array>
#include <filesystem>
#include <string_view>

namespace ldt::telemetry_store {
namespace {

namespace fs = std::filesystem;

/// `seq` counts over all three tables in the order of arrival: what is below one number is what came before one moment.
/// The random `generation` tells a cursor of this file from one of a file that was moved aside.
constexpr std::string_view kTables = R"(
CREATE TABLE origin(generation INTEGER NOT NULL);
INSERT INTO origin VALUES (abs(random() % 1000000000000));
CREATE TABLE resource(id INTEGER PRIMARY KEY, service TEXT NOT NULL, attributes TEXT NOT NULL,
  UNIQUE(service, attributes));
CREATE TABLE log(seq INTEGER PRIMARY KEY, received_us INTEGER NOT NULL, time_us INTEGER NOT NULL,
  severity INTEGER NOT NULL, resource INTEGER NOT NULL, body TEXT NOT NULL, trace_id BLOB, span_id BLOB, order_id BLOB,
  attributes TEXT NOT NULL);
CREATE INDEX log_by_time ON log(time_us);
CREATE INDEX log_by_order ON log(order_id) WHERE order_id IS NOT NULL;
CREATE INDEX log_by_trace ON log(trace_id) WHERE trace_id IS NOT NULL;
CREATE TABLE span(seq INTEGER PRIMARY KEY, received_us INTEGER NOT NULL, trace_id BLOB NOT NULL, span_id BLOB NOT NULL,
  parent_span_id BLOB, resource INTEGER NOT NULL, name TEXT NOT NULL, kind INTEGER NOT NULL, start_us INTEGER NOT NULL,
  duration_us INTEGER NOT NULL, status INTEGER NOT NULL, status_detail TEXT NOT NULL, order_id BLOB,
  attributes TEXT NOT NULL, links TEXT NOT NULL);
CREATE UNIQUE INDEX span_by_trace ON span(trace_id, span_id);
CREATE TABLE point(seq INTEGER PRIMARY KEY, received_us INTEGER NOT NULL, time_us INTEGER NOT NULL,
  resource INTEGER NOT NULL, name TEXT NOT NULL, unit TEXT NOT NULL, kind TEXT NOT NULL, attributes TEXT NOT NULL,
  value TEXT NOT NULL);
CREATE INDEX point_by_name ON point(name, time_us);
)";

constexpr std::array kMigrations{kTables};

Result<sqlite::Database> open_owner(const std::string& path) {
  sqlite::OwnerOptions options;
  options.migrations = kMigrations;
  options.cache_kib = 8 * 1024;
  // Its log is synced only then, and the orders' commits wait for what is before them on the disk.
  options.wal_autocheckpoint_pages = 2'000;
  options.in_doubt = [](const std::string& what) { throw CommitFailed{what.substr(what.find(": ") + 1)}; };
  try {
    auto database = sqlite::Database::open_owner(path, options);
    if (!database) return database;
    // A power cut may take the last seconds, never the file: docs/decisions/0014.
    if (auto done = database->execute("PRAGMA synchronous=NORMAL"); !done) return tl::unexpected(done.error());
    return database;
  } catch (const CommitFailed& failed) {
    return failure(ErrorKind::kInternal, failed.what);
  }
}

/// Nothing where the error is not about what the file holds.
std::string why_aside(const Error& error) {
  if (error.detail.find("newer than this program") != std::string::npos) return "newer";
  return is_damage(error) ? "damaged" : "";
}

}  // namespace

bool is_damage(const Error& error) {
  constexpr std::array<std::string_view, 4> kSigns{": damaged: ", "file is not a database", "malformed",
                                                   "no such table"};
  for (const auto sign : kSigns) {
    if (error.detail.find(sign) != std::string::npos) return true;
  }
  return false;
}

Result<void> move_aside(const std::string& path, const std::string& why) {
  std::error_code error;
  fs::rename(path, path + "." + why, error);
  if (error) return failure(ErrorKind::kInternal, path + ": " + error.message());
  // They belong to the file that is gone, and would spoil the next one.
  for (const char* part : {"-wal", "-shm"}) fs::remove(path + part, error);
  return {};
}

Result<sqlite::Database> open_store(const std::string& path, const Say& say) {
  auto database = open_owner(path);
  if (database) return database;
  const std::string why = why_aside(database.error());
  if (why.empty()) return database;
  if (auto moved = move_aside(path, why); !moved) return tl::unexpected(moved.error());
  say(database.error().detail + "; it is now " + path + "." + why + ", and an empty one takes its place");
  return open_owner(path);
}

}  // namespace ldt::telemetry_store
