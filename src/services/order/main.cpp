// The order service's program: the public HTTP API, and the engine that drives the sagas.
// Wires the parts; decides nothing. Exit codes: base/exit_codes.h.
#include <pthread.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <string>

#include "base/exit_codes.h"
#include "platform/grpc/channel.h"
#include "platform/grpc/server.h"
#include "platform/telemetry/telemetry.h"
#include "services/order/audit/grpc_auditor.h"
#include "services/order/engine/engine_loop.h"
#include "services/order/http/http_api.h"
#include "services/order/peers/peer_health.h"
#include "services/order/peers/price_watch.h"
#include "services/order/rpc/order_service.h"

namespace {

using namespace ldt;

constexpr std::chrono::milliseconds kDrainGrace{300};

struct Options {
  std::string db = "order/order.db";
  std::string listen = "unix:run/order.sock";
  std::string http = "127.0.0.1:8080";
  std::array<std::string, saga::kPlan.size()> peers{"unix:run/payment.sock", "unix:run/inventory.sock",
                                                    "unix:run/delivery.sock"};
  std::string log_directory = "log";
  std::string operator_token_file;
  bool allow_failures = false;
  saga::Handling handling;
  std::uint32_t step_timeout_ms = 500;
  std::uint32_t stuck_after = 10;
};

void declare(CLI::App& app, Options& options) {
  app.add_option("--db", options.db, "SQLite database")->capture_default_str();
  app.add_option("--listen", options.listen, "gRPC address: unix:PATH or HOST:PORT")->capture_default_str();
  app.add_option("--http", options.http, "HTTP address: HOST:PORT")->capture_default_str();
  app.add_option("--payment", options.peers[0], "payment's gRPC address")->capture_default_str();
  app.add_option("--inventory", options.peers[1], "inventory's gRPC address")->capture_default_str();
  app.add_option("--delivery", options.peers[2], "delivery's gRPC address")->capture_default_str();
  app.add_option("--log-dir", options.log_directory, "where JSON lines go without an OTLP endpoint")
      ->capture_default_str();
  app.add_option("--operator-token-file", options.operator_token_file, "file with the operators' bearer token");
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

int fail(const Error& error, int exit_code) {
  std::fprintf(stderr, "ldt-order: %s\n", error.detail.c_str());
  return exit_code;
}

/// The token, or nothing: then every operator call is refused.
std::string read_token(const std::string& file) {
  std::string token;
  if (!file.empty()) std::getline(std::ifstream(file) >> std::ws, token);
  return token;
}

int run(const Options& options) {
  const auto telemetry = telemetry::start(
      {.service_name = "order", .service_version = LDT_VERSION, .log_directory = options.log_directory});
  order::GrpcTransport::Channels channels;
  for (std::size_t i = 0; i < channels.size(); ++i) channels[i] = rpc::make_channel(options.peers[i]);

  order::EngineLimits limits;
  limits.policy.stuck_after = options.stuck_after;
  limits.allow_failures = options.allow_failures;
  auto engine = order::EngineLoop::open(options.db, limits, channels, *telemetry);
  if (!engine) return fail(engine.error(), kDataUnusableExitCode);
  order::EngineLoop& orders = **engine;
  if (auto started = orders.start(); !started) return fail(started.error(), kDataUnusableExitCode);

  std::atomic<bool> prices_known = false;
  order::PriceWatch prices(
      channels[1], [&](const Sku& sku, Credits price) { orders.price_changed(sku, price); },
      [&] {
        orders.catalogue_ready();
        prices_known = true;
      });
  prices.start();

  const auto service = order::make_order_service(orders, options.handling);
  auto server = rpc::Server::start(options.listen, {{service.get(), std::string(order::order_service_name())}});
  if (!server) return fail(server.error(), kCannotListenExitCode);

  order::GrpcAuditor auditor(options.db, channels);
  std::vector<std::unique_ptr<order::PeerHealth>> health;
  for (const auto& channel : channels) health.push_back(std::make_unique<order::PeerHealth>(channel));
  for (const auto& peer : health) peer->start();
  const auto readiness = [&]() -> std::vector<std::pair<std::string, bool>> {
    std::vector<std::pair<std::string, bool>> parts{{"order", prices_known.load()}};
    for (std::size_t i = 0; i < health.size(); ++i) {
      parts.emplace_back(saga::to_string(static_cast<saga::Participant>(i)), health[i]->serving());
    }
    return parts;
  };
  order::HttpApi api(orders, auditor, channels[0], channels[1], channels[2], readiness,
                     {read_token(options.operator_token_file), options.allow_failures, options.handling}, *telemetry);
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

  prices.stop();
  orders.stop();
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
  return run(options);
}
