// Migrates and checks.
#include "platform/postgres/schema.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace ldt::postgres {

namespace {

constexpr std::chrono::minutes kMigrationPatience{30};

/// 0 where nothing has been migrated yet. The schema is what unqualified names mean.
Result<int> version_of(Connection& connection) {
  const auto table = connection.run("SELECT to_regclass('schema_version') IS NOT NULL");
  if (!table) return tl::unexpected(table.error());
  if (!table->boolean(0, 0)) return 0;
  const auto version = connection.run("SELECT max(version) FROM schema_version");
  if (!version) return tl::unexpected(version.error());
  return static_cast<int>(version->integer(0, 0));
}

std::string newer(const std::string& schema, int version, std::size_t known) {
  return "the schema " + schema + " is of version " + std::to_string(version) + ", newer than this program's " +
         std::to_string(known);
}

/// One program at a time, until the end of the transaction. The others wait as long as it takes.
Result<void> lock(Connection& connection, const std::string& schema) {
  if (auto done = connection.script("BEGIN; SET LOCAL lock_timeout = 0; SET LOCAL client_min_messages = error");
      !done) {
    return done;
  }
  const auto locked = connection.run("SELECT pg_advisory_xact_lock(hashtextextended('ldt migrate ' || $1, 0))",
                                     Parameters().text(schema));
  if (!locked) return tl::unexpected(locked.error());
  return {};
}

/// CREATE SCHEMA IF NOT EXISTS needs the right to make one even where it exists: an operator may have made it.
Result<void> make_schema(Connection& connection, const std::string& schema) {
  const auto known = connection.run("SELECT 1 FROM pg_namespace WHERE nspname = $1", Parameters().text(schema));
  if (!known) return tl::unexpected(known.error());
  return known->empty() ? connection.script("CREATE SCHEMA \"" + schema + "\"") : Result<void>{};
}

Result<int> migrate_locked(Connection& connection, const std::string& schema, Migrations migrations) {
  if (auto done = lock(connection, schema); !done) return tl::unexpected(done.error());
  if (auto done = make_schema(connection, schema); !done) return tl::unexpected(done.error());
  auto before = version_of(connection);
  if (!before) return before;
  if (*before > static_cast<int>(migrations.size())) {
    return tl::unexpected(Error{ErrorClass::kOther, {}, newer(schema, *before, migrations.size())});
  }
  if (*before == 0) {
    auto made = connection.script(
        "CREATE TABLE schema_version (version integer PRIMARY KEY, migrated_at timestamptz NOT NULL DEFAULT now())");
    if (!made) return tl::unexpected(made.error());
  }
  for (auto version = static_cast<std::size_t>(*before); version < migrations.size(); ++version) {
    if (auto done = connection.script(std::string(migrations[version])); !done) return tl::unexpected(done.error());
    auto noted = connection.run("INSERT INTO schema_version (version) VALUES ($1)",
                                Parameters().integer(static_cast<std::int64_t>(version) + 1));
    if (!noted) return tl::unexpected(noted.error());
  }
  const auto committed = connection.commit();
  if (committed.fate != Fate::kCommitted) return tl::unexpected(committed.error);
  return before;
}

}  // namespace

Result<int> migrate(Connection& connection, const std::string& schema, Migrations migrations) {
  connection.set_patience(kMigrationPatience);
  auto before = migrate_locked(connection, schema, migrations);
  if (!before) connection.rollback();
  return before;
}

ldt::Result<void> check_version(Connection& connection, const std::string& schema, Migrations migrations) {
  const auto version = version_of(connection);
  if (!version) return tl::unexpected(version.error().plain());
  const int known = static_cast<int>(migrations.size());
  if (*version == known) return {};
  if (*version > known) return failure(ErrorKind::kConflict, newer(schema, *version, migrations.size()));
  return failure(ErrorKind::kConflict, "the schema " + schema + " is of version " + std::to_string(*version) +
                                           ", older than this program's " + std::to_string(known) +
                                           ": run `ldt migrate`");
}

ldt::Result<void> check_durability(Connection& connection, const std::vector<std::string>& allowed) {
  const auto settings = connection.run(
      "SELECT current_setting('synchronous_commit'), current_setting('fsync'), current_setting('full_page_writes')");
  if (!settings) return tl::unexpected(settings.error().plain());
  std::vector<std::pair<std::string, std::string>> weak;  // what it is, what allows it
  const std::string commit(settings->text(0, 0));
  if (commit != "on" && commit != "remote_apply") weak.emplace_back("synchronous_commit is " + commit, commit);
  if (settings->text(0, 1) != "on") weak.emplace_back("fsync is off", "fsync=off");
  if (settings->text(0, 2) != "on") weak.emplace_back("full_page_writes is off", "full_page_writes=off");
  for (const auto& [what, name] : weak) {
    if (std::find(allowed.begin(), allowed.end(), name) != allowed.end()) continue;
    std::string detail = "PostgreSQL may lose what it has committed: ";
    detail.append(what).append("; --allow-synchronous-commit ").append(name).append(" accepts that");
    return failure(ErrorKind::kConflict, std::move(detail));
  }
  return {};
}

}  // namespace ldt::postgres
