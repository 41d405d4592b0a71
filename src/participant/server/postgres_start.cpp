// Waits, checks, migrates.
#include "participant/server/postgres_start.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <utility>

#include "participant/storage/postgres/postgres_storage.h"
#include "platform/postgres/link.h"
#include "platform/postgres/schema.h"
#include "platform/postgres/url.h"

namespace ldt::participant {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTryAgainAfter{250};
constexpr std::chrono::seconds kMigrationWaits{10};

/// Where each service's tables are.
std::string schema_of(const Options& options) { return "ldt_" + options.service; }

postgres::ConnectionOptions connection_options(const Options& options) {
  return {.url = options.store, .schema = schema_of(options), .application_name = "ldt-" + options.service};
}

/// True: a signal arrived.
bool wait_for_signal(const sigset_t& signals, milliseconds time) {
  const timespec patience{0, std::chrono::nanoseconds(time).count()};
  return sigtimedwait(&signals, nullptr, &patience) > 0;
}

void say_away(const Options& options, const postgres::Error& error) {
  std::fprintf(stderr, "ldt-%s: waits for PostgreSQL at %s: %s\n", options.service.c_str(),
               postgres::place_of(options.store).c_str(), error.detail.c_str());
}

}  // namespace

Result<std::unique_ptr<Storage>> open_postgres(const Options& options, const Description& description,
                                               const sigset_t& stop_signals) {
  postgres::Link link(connection_options(options));
  bool said = false;
  bool stopped = false;
  const auto connection = link.wait([&](const postgres::Error& error) {
    if (!std::exchange(said, true)) say_away(options, error);
    stopped = wait_for_signal(stop_signals, kTryAgainAfter);
    return !stopped;
  });
  if (!connection) return nullptr;
  if (auto fits = postgres::check_version(**connection, schema_of(options), description.postgres_migrations); !fits) {
    return tl::unexpected(fits.error());
  }
  if (auto lasts = postgres::check_durability(**connection, options.allowed_weak_settings); !lasts) {
    return tl::unexpected(lasts.error());
  }
  return std::make_unique<PostgresStorage>(connection_options(options), options.allowed_weak_settings);
}

Result<void> migrate_postgres(const Options& options, const Description& description) {
  postgres::Link link(connection_options(options));
  const auto until = std::chrono::steady_clock::now() + kMigrationWaits;
  const auto connection = link.wait([&](const postgres::Error&) {
    std::this_thread::sleep_for(kTryAgainAfter);
    return std::chrono::steady_clock::now() < until;
  });
  if (!connection) return tl::unexpected(connection.error().plain());
  const auto before = postgres::migrate(**connection, schema_of(options), description.postgres_migrations);
  if (!before) return tl::unexpected(before.error().plain());
  const int now = std::max(*before, static_cast<int>(description.postgres_migrations.size()));
  std::fprintf(stderr, "ldt-%s: the schema %s is of version %d (was %d)\n", options.service.c_str(),
               schema_of(options).c_str(), now, *before);
  return {};
}

}  // namespace ldt::participant
