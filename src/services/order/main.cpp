// The order service's program: the public HTTP API, and the engine that drives the sagas.
// Wires the parts; decides nothing. Exit codes: base/exit_codes.h.
#include <pthread.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/exit_codes.h"
#include "platform/grpc/channel.h"
#include "platform/grpc/security.h"
#include "platform/grpc/server.h"
#include "platform/postgres/counters.h"
#include "platform/process/statistics.h"
#include "platform/sqlite/io_counters.h"
#include "platform/telemetry/telemetry.h"
#include "services/order/audit/grpc_auditor.h"
#include "services/order/engine/commit_statistics.h"
#include "services/order/engine/engine_loop.h"
#include "services/order/events/activity.h"
#include "services/order/events/ended_orders.h"
#include "services/order/events/event_hub.h"
#include "services/order/http/http_api.h"
#include "services/order/peers/addresses.h"
#include "services/order/peers/peer_health.h"
#include "services/order/peers/price_watch.h"
#include "services/order/rpc/order_service.h"
#include "services/order/storage/postgres/postgres_storage.h"
#include "services/order/storage/sqlite/sqlite_storage.h"

namespace {

using namespace ldt;

constexpr std::chrono::milliseconds kDrainGrace{300};
constexpr std::chrono::milliseconds kAttendEvery{700};      // far below a lease, which is 3 s
constexpr std::chrono::milliseconds kNoticeTime{1'000};     // for balancers to see that this replica is not ready
constexpr std::chrono::milliseconds kDrainPatience{2'500};  // a supervisor kills after 5 s

struct Options {
  std::string db = "order/order.db";
  std::string store;
  std::string replica;
  std::vector<std::string> weakened;
  bool migrate = false;
  std::string listen = "unix:run/order.sock";
  std::string health;
  std::string tls_directory;
  std::string http = "127.0.0.1:8080";
  std::array<order::PeerOptions, saga::kPlan.size()> peers{{{.addresses = {"unix:run/payment.sock"}},
                                                            {.addresses = {"unix:run/inventory.sock"}},
                                                            {.addresses = {"unix:run/delivery.sock"}}}};
  std::string log_directory = "log";
  std::string operator_token_file;
  std::string telemetry_store;
  bool allow_failures = false;
  saga::Handling handling;
  std::uint32_t step_timeout_ms = 500;
  std::uint32_t stuck_after = 10;
};

void declare(CLI::App& app, Options& options) {
  app.add_option("--db", options.db, "SQLite database")->capture_default_str();
  app.add_option("--store", options.store, "PostgreSQL in place of --db: postgresql://USER@HOST[:PORT][,...]/DATABASE");
  app.add_flag("--migrate", options.migrate, "bring the schema in --store up to date, and exit");
  app.add_option("--replica", options.replica,
                 "this replica's name among those over one --store (default: one of its own)");
  app.add_option("--allow-synchronous-commit", options.weakened,
                 "a weaker setting of PostgreSQL's that is accepted, by name: off, local, remote_write, fsync=off, "
                 "full_page_writes=off")
      ->allow_extra_args(false);
  app.add_option("--listen", options.listen, "gRPC address: unix:PATH or HOST:PORT")->capture_default_str();
  app.add_option("--health", options.health, "HOST:PORT for gRPC health checks alone, in plain text (else none)");
  app.add_option("--tls-dir", options.tls_directory, "ca.crt, tls.crt and tls.key for mutual TLS (else plain text)");
  app.add_option("--http", options.http, "HTTP address: HOST:PORT")->capture_default_str();
  for (std::size_t i = 0; i < options.peers.size(); ++i) {
    const std::string name(saga::to_string(static_cast<saga::Participant>(i)));
    app.add_option("--" + name, options.peers[i].addresses,
                   name + "'s gRPC address: unix:PATH, dns:///NAME:PORT, or IP:PORT[,IP:PORT...] of its replicas")
        ->delimiter(',')
        ->capture_default_str();
    app.add_option("--" + name + "-batches", options.peers[i].batches,
                   "Unix socket of " + name + "'s --batches, where it runs on this machine")
        ->excludes("--tls-dir");  // it has none
  }
  app.add_option("--log-dir", options.log_directory, "where JSON lines go without an OTLP endpoint")
      ->capture_default_str();
  app.add_option("--operator-token-file", options.operator_token_file, "file with the operators' bearer token");
  app.add_option("--telemetry-store", options.telemetry_store,
                 "the telemetry store's gRPC address (else there is none)");
  app.add_flag("--allow-failures", options.allow_failures, "let orders carry failure instructions");
  app.add_option("--max-attempts", options.handling.max_attempts, "attempts at a step, where an order does not say")
      ->capture_default_str()
      ->check(CLI::Range(1U, saga::kMaxMaxAttempts));
  app.add_option("--step-timeout-ms", options.step_timeout_ms, "time for one attempt, where an order does not say")
      ->capture_default_str()
      ->check(CLI::Range(saga::kMinStepTimeout.count(), saga::kMaxStepTimeout.count()));
  app.add_option("--stuck-after", options.stuck_after, "failed attempts after which an undo is STUCK")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
}

void say(const std::string& line) { std::fprintf(stderr, "ldt-order: %s\n", line.c_str()); }

int fail(const Error& error, int exit_code) {
  say(error.detail);
  return exit_code;
}

/// The token, or nothing: then every operator call is refused.
std::string read_token(const std::string& file) {
  std::string token;
  if (!file.empty()) std::getline(std::ifstream(file) >> std::ws, token);
  return token;
}

order::ServiceStatistics statistics_of(const order::CommitStatistics& commit_statistics) {
  const auto usage = process::usage();
  const auto io = sqlite::io_counts();
  auto commits = commit_statistics.counts();
  const auto sent = postgres::io_counts().bytes_sent;
  return {usage.uptime.count(), usage.cpu.count(), usage.resident_bytes,    commits.commits,
          commits.operations,   io.fsyncs,         io.bytes_written + sent, std::move(commits.batch_sizes)};
}

Result<std::unique_ptr<order::Storage>> open_storage(const Options& options) {
  if (options.store.empty()) return std::make_unique<order::SqliteStorage>(options.db);
  auto storage = order::PostgresStorage::connect({options.store, options.replica, options.weakened});
  if (!storage) return tl::unexpected(storage.error());
  return std::move(*storage);
}

/// Waits, with the balancers' kind help, until nothing is left that somebody waits for.
void drain(order::EngineLoop& orders) {
  std::this_thread::sleep_for(kNoticeTime);
  orders.drain(kDrainPatience);
}

int migrate(const Options& options) {
  if (options.store.empty()) return fail({ErrorKind::kInvalid, "--migrate needs --store"}, kBadCommandLineExitCode);
  const auto migrated = order::PostgresStorage::migrate(options.store);
  return migrated ? 0 : fail(migrated.error(), kDataUnusableExitCode);
}

int run(const Options& options) {
  const auto security = rpc::Security::open(options.tls_directory, "order", say);
  if (!security) return fail(security.error(), kDataUnusableExitCode);
  std::shared_ptr<grpc::Channel> telemetry_store;
  if (!options.telemetry_store.empty()) {
    telemetry_store = rpc::make_channel(options.telemetry_store, *security, "telemetry");
  }
  const auto telemetry = telemetry::start({.service_name = "order",
                                           .service_version = LDT_VERSION,
                                           .log_directory = options.log_directory,
                                           .store = telemetry_store});
  if (security->on()) {
    telemetry->gauge("ldt.tls.certificate.time_left", "s", "Time until the service's certificate ends",
                     [own = *security] { return own.seconds_left(); });
  }
  std::array<std::shared_ptr<grpc::Channel>, saga::kPlan.size()> channels;
  order::ParticipantLinks::Addresses participants;
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const std::string name(saga::to_string(static_cast<saga::Participant>(i)));
    channels[i] = order::any_replica(options.peers[i], *security, name);
    participants[i] = order::each_replica(options.peers[i], *security, name);
  }

  order::EngineLimits limits;
  limits.policy.stuck_after = options.stuck_after;
  limits.allow_failures = options.allow_failures;
  const auto storage = open_storage(options);
  if (!storage) return fail(storage.error(), kDataUnusableExitCode);
  const bool shared = (*storage)->shared();
  limits.policy.several_engines = shared;
  if (shared) limits.attend_every = kAttendEvery;
  const SystemClock clock;
  order::Activity activity(clock);
  order::EventHub events(clock, std::random_device{}());
  order::CommitStatistics commits;
  auto engine =
      order::EngineLoop::open(**storage, limits, std::move(participants), *telemetry, {&activity, &events, &commits});
  if (!engine) return fail(engine.error(), kDataUnusableExitCode);
  order::EngineLoop& orders = **engine;
  auto archive = (*storage)->open_archive();
  if (!archive) return fail(archive.error(), kDataUnusableExitCode);
  auto ended = order::EndedOrders::open(std::move(*archive));
  if (!ended) return fail(ended.error(), kDataUnusableExitCode);
  events.start(
      {[&](const order::EndedQuery& query, order::EndedCallback done) { (*ended)->read(query, std::move(done)); },
       [&](auto done) { orders.waiting(std::move(done)); },
       [&](std::vector<OrderId> ids, auto done) { (*ended)->read_orders(std::move(ids), std::move(done)); },
       [&](auto done) { (*ended)->read_open(std::move(done)); }},
      (*ended)->newest(), shared);
  if (auto started = orders.start(); !started) return fail(started.error(), kDataUnusableExitCode);

  std::atomic<bool> prices_known = false;
  std::atomic<bool> leaving = false;
  order::PriceWatch prices(
      channels[1], [&](const Sku& sku, Credits price) { orders.price_changed(sku, price); },
      [&] {
        orders.catalogue_ready();
        prices_known = true;
      });
  prices.start();

  const auto service = order::make_order_service(orders, options.handling);
  auto server = rpc::Server::start(options.listen, {{service.get(), std::string(order::order_service_name())}},
                                   *security, options.health);
  if (!server) return fail(server.error(), kCannotListenExitCode);

  order::GrpcAuditor auditor(**storage, channels);
  std::vector<std::unique_ptr<order::PeerHealth>> health;
  health.reserve(channels.size());
  for (const auto& channel : channels) health.push_back(std::make_unique<order::PeerHealth>(channel));
  for (const auto& peer : health) peer->start();
  const auto readiness = [&]() -> std::vector<std::pair<std::string, bool>> {
    std::vector<std::pair<std::string, bool>> parts{{"order", prices_known.load() && !leaving.load()}};
    for (std::size_t i = 0; i < health.size(); ++i) {
      parts.emplace_back(saga::to_string(static_cast<saga::Participant>(i)), health[i]->serving());
    }
    return parts;
  };
  order::HttpApi api(orders, auditor, activity, events, channels[0], channels[1], channels[2], readiness,
                     {read_token(options.operator_token_file), options.allow_failures, options.handling,
                      telemetry_store, [&commits] { return statistics_of(commits); }},
                     *telemetry);
  const auto port = api.start(options.http);
  if (!port) return fail(port.error(), kCannotListenExitCode);

  (*server)->set_ready();
  std::fprintf(stderr, "ldt-order: ready on %s, HTTP on port %u\n", options.listen.c_str(), unsigned{*port});
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGTERM);
  sigaddset(&stop_signals, SIGINT);
  int signal = 0;
  sigwait(&stop_signals, &signal);

  leaving = true;
  if (shared) drain(orders);
  prices.stop();
  orders.stop();
  events.stop();
  api.stop();
  (*server)->drain(kDrainGrace);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("The order service of the Late-Day Tokens Marketplace: the public HTTP API and the saga engine.");
  app.set_version_flag("--version", LDT_VERSION);
  declare(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kBadCommandLineExitCode;
  }
  options.handling.step_timeout = std::chrono::milliseconds(options.step_timeout_ms);

  // Blocked in every thread from here on; the main thread waits for them.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGTERM);
  sigaddset(&stop_signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  return options.migrate ? migrate(options) : run(options);
}
