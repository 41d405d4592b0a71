#include "services/order/storage/postgres/postgres_storage.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <random>
#include <thread>
#include <utility>

#include "platform/postgres/link.h"
#include "platform/postgres/schema.h"
#include "platform/postgres/url.h"
#include "services/order/storage/postgres/postgres_archive.h"
#include "services/order/storage/postgres/postgres_store.h"
#include "services/order/storage/postgres/schema.h"

namespace ldt::order {
namespace {

constexpr std::chrono::milliseconds kPause{200};
constexpr std::chrono::milliseconds kWritePatience{6'000};
constexpr std::chrono::milliseconds kReadPatience{4'000};

postgres::ConnectionOptions options_for(const std::string& url, const char* what) {
  return {.url = url, .schema = std::string(postgres_schema::kName), .application_name = what};
}

/// The program has these signals blocked, and takes them once it runs.
bool is_to_stop() {
  sigset_t pending;
  ::sigpending(&pending);
  return sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1;
}

/// Says once that the server is away.
postgres::Result<postgres::Connection*> wait_for_server(postgres::Link& link, const std::string& url) {
  bool told = false;
  return link.wait([&](const postgres::Error& error) {
    if (error.kind != postgres::ErrorClass::kConnection || is_to_stop()) return false;
    if (!std::exchange(told, true)) {
      std::fprintf(stderr, "ldt-order: waiting for PostgreSQL at %s: %s\n", postgres::place_of(url).c_str(),
                   error.detail.c_str());
    }
    std::this_thread::sleep_for(kPause);
    return true;
  });
}

/// HOST:PID and something that no other process of this id had.
std::string own_name() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return std::string(host.data()) + ":" + std::to_string(::getpid()) + "-" + std::to_string(std::random_device{}());
}

}  // namespace

Result<std::unique_ptr<PostgresStorage>> PostgresStorage::connect(Options options) {
  if (auto good = postgres::check_url(options.url); !good) return tl::unexpected(good.error());
  if (options.replica.empty()) options.replica = own_name();
  postgres::Link link(options_for(options.url, "ldt-order start"));
  const auto connection = wait_for_server(link, options.url);
  if (!connection) return tl::unexpected(connection.error().plain());
  auto checked =
      postgres::check_version(**connection, std::string(postgres_schema::kName), postgres_schema::kMigrations);
  if (!checked) return tl::unexpected(checked.error());
  if (auto durable = postgres::check_durability(**connection, options.weakened); !durable) {
    return tl::unexpected(durable.error());
  }
  return std::unique_ptr<PostgresStorage>(new PostgresStorage(std::move(options)));
}

Result<void> PostgresStorage::migrate(const std::string& url) {
  if (auto good = postgres::check_url(url); !good) return good;
  postgres::Link link(options_for(url, "ldt-order migrate"));
  const auto connection = wait_for_server(link, url);
  if (!connection) return tl::unexpected(connection.error().plain());
  const auto before =
      postgres::migrate(**connection, std::string(postgres_schema::kName), postgres_schema::kMigrations);
  if (!before) return tl::unexpected(before.error().plain());
  return {};
}

Result<std::unique_ptr<Store>> PostgresStorage::open_store() {
  auto connection = options_for(options_.url, "ldt-order engine");
  connection.plans_by_index = true;
  connection.patience = kWritePatience;
  auto store = PostgresStore::open({.connection = std::move(connection), .replica = options_.replica});
  if (!store) return tl::unexpected(store.error());
  return std::move(*store);
}

Result<std::unique_ptr<OrderArchive>> PostgresStorage::open_archive() {
  auto connection = options_for(options_.url, "ldt-order reader");
  connection.read_only = true;
  connection.plans_by_index = true;
  connection.patience = kReadPatience;
  return std::make_unique<PostgresArchive>(std::move(connection));
}

}  // namespace ldt::order
