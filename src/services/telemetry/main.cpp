// The telemetry store's program: takes what speaks OTLP on this machine, keeps it for a while, answers questions.
// Wires the parts; decides nothing. Exit codes: base/exit_codes.h.
#include <grpcpp/impl/codegen/service_type.h>
#include <pthread.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>

#include "base/exit_codes.h"
#include "platform/grpc/security.h"
#include "platform/grpc/server.h"
#include "services/telemetry/grpc_receiver.h"
#include "services/telemetry/http_receiver.h"
#include "services/telemetry/query.h"
#include "services/telemetry/storage.h"

namespace {

using namespace ldt;

constexpr std::chrono::milliseconds kDrainGrace{300};
constexpr const char* kNoAddress = "off";

struct Options {
  std::string db = "telemetry/telemetry.db";
  std::string listen = "unix:run/telemetry.sock";
  std::string health;
  std::string tls_directory;
  std::string grpc = "127.0.0.1:4317";
  std::string http = "127.0.0.1:4318";
  std::int64_t max_age_s = 24 * 3600;
  std::int64_t max_mb = 256;
};

void declare(CLI::App& app, Options& options) {
  app.add_option("--db", options.db, "SQLite database")->capture_default_str();
  app.add_option("--listen", options.listen, "gRPC address for OTLP and for questions: unix:PATH or HOST:PORT")
      ->capture_default_str();
  app.add_option("--health", options.health, "HOST:PORT for gRPC health checks alone, in plain text (else none)");
  app.add_option("--tls-dir", options.tls_directory,
                 "ca.crt, tls.crt and tls.key for mutual TLS on --listen (else plain text)");
  app.add_option("--otlp-grpc", options.grpc, "HOST:PORT for OTLP over gRPC; off: none")->capture_default_str();
  app.add_option("--otlp-http", options.http, "HOST:PORT for OTLP over HTTP with protobuf; off: none")
      ->capture_default_str();
  app.add_option("--max-age-seconds", options.max_age_s, "records are kept for so long")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{10} * 365 * 24 * 3600));
  app.add_option("--max-size-mb", options.max_mb, "the file grows to so many MiB; the oldest records make room")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 20));
}

void say(const std::string& text) { std::fprintf(stderr, "ldt-telemetry: %s\n", text.c_str()); }

/// One of the standard ports that is taken, by another marketplace or a collector, is left alone.
std::unique_ptr<rpc::Server> listen_grpc(const std::string& address, const telemetry_store::GrpcReceiver& receiver) {
  if (address == kNoAddress) return nullptr;
  auto server = rpc::Server::start(address, receiver.services());
  if (server) {
    (*server)->set_ready();
    return std::move(*server);
  }
  say("warning: " + server.error().detail + "; no OTLP over gRPC there");
  return nullptr;
}

void listen_http(const std::string& address, telemetry_store::HttpReceiver& receiver) {
  if (address == kNoAddress) return;
  const auto port = receiver.start(address);
  if (!port) say("warning: " + port.error().detail + "; no OTLP over HTTP there");
}

int run(const Options& options, const sigset_t& stop_signals) {
  const auto security = rpc::Security::open(options.tls_directory, "telemetry", say);
  if (!security) {
    say(security.error().detail);
    return kDataUnusableExitCode;
  }
  const telemetry_store::Bounds bounds{std::chrono::seconds(options.max_age_s),
                                       static_cast<std::uint64_t>(options.max_mb) << 20U};
  auto storage = telemetry_store::Storage::start(options.db, bounds, say);
  if (!storage) {
    say(storage.error().detail);
    return kDataUnusableExitCode;
  }
  const telemetry_store::GrpcReceiver own(**storage);
  const auto questions = telemetry_store::make_query_service(**storage);
  auto services = own.services();
  services.push_back({questions.get(), telemetry_store::query_service_name()});
  auto server = rpc::Server::start(options.listen, services, *security, options.health);
  if (!server) {
    say(server.error().detail);
    return kCannotListenExitCode;
  }
  const telemetry_store::GrpcReceiver foreign(**storage);
  const auto foreign_server = listen_grpc(options.grpc, foreign);
  telemetry_store::HttpReceiver http(**storage);
  listen_http(options.http, http);

  (*server)->set_ready();
  say("ready on " + options.listen);
  int signal = 0;
  sigwait(&stop_signals, &signal);

  http.stop();
  if (foreign_server) foreign_server->drain(kDrainGrace);
  (*server)->drain(kDrainGrace);
  (*storage)->stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("The telemetry store of the Late-Day Tokens Marketplace: an OTLP receiver that keeps what it gets.");
  app.set_version_flag("--version", LDT_VERSION);
  declare(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kBadCommandLineExitCode;
  }
  // Blocked in every thread from here on; the main thread waits for them.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGTERM);
  sigaddset(&stop_signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  return run(options, stop_signals);
}
