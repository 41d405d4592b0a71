// Starts and stops the parts of a participant, in order.
// Depends on all of the folder.
#include "participant/server/run.h"

#include <grpcpp/impl/codegen/service_type.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <random>
#include <string>

#include "base/clock.h"
#include "base/exit_codes.h"
#include "participant/server/batch_socket.h"
#include "participant/server/postgres_start.h"
#include "participant/server/statistics_service.h"
#include "participant/storage/sqlite/sqlite_storage.h"
#include "platform/grpc/channel.h"
#include "platform/grpc/security.h"
#include "platform/grpc/server.h"
#include "platform/telemetry/telemetry.h"

namespace ldt::participant {

namespace {

constexpr std::chrono::milliseconds kDrainGrace{300};  // for calls under way; streams stay open until then

/// Blocks the signals that end the process, for this thread and all that it starts.
sigset_t block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void say(const Options& options, const std::string& line) {
  std::fprintf(stderr, "ldt-%s: %s\n", options.service.c_str(), line.c_str());
}

int fail(const Options& options, const Error& error, int exit_code) {
  say(options, error.detail);
  return exit_code;
}

/// Null where there is no telemetry store.
std::shared_ptr<grpc::Channel> store_channel(const Options& options, const rpc::Security& security) {
  if (options.telemetry_store.empty()) return nullptr;
  return rpc::make_channel(options.telemetry_store, security, "telemetry");
}

std::uint64_t random_seed() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) | device();
}

Result<std::unique_ptr<Storage>> open_storage(const Options& options, const Description& description,
                                              const sigset_t& stop_signals) {
  if (options.store.empty()) return SqliteStorage::open(options.database, description.migrations);
  return open_postgres(options, description, stop_signals);
}

/// Runs until it is told to stop.
int serve(const Options& options, const Description& description, Storage& storage, const sigset_t& stop_signals) {
  const SystemClock clock;
  const auto security =
      rpc::Security::open(options.tls_directory, options.service, [&](const std::string& line) { say(options, line); });
  if (!security) return fail(options, security.error(), kDataUnusableExitCode);
  auto readers = Readers::start(storage);
  if (!readers) return fail(options, readers.error(), kDataUnusableExitCode);
  const auto telemetry = telemetry::start({.service_name = options.service,
                                           .service_version = LDT_VERSION,
                                           .log_directory = options.log_directory,
                                           .store = store_channel(options, *security)});
  if (security->on()) {
    telemetry->gauge("ldt.tls.certificate.time_left", "s", "Time until the service's certificate ends",
                     [own = *security] { return own.seconds_left(); });
  }
  Reporter reporter(*telemetry, description.rules.terms(), clock, random_seed());
  process::CommitCounters commits;
  const auto on_commit = [&reporter, &commits](std::chrono::nanoseconds duration, std::size_t commands) {
    reporter.committed(duration, commands);
    commits.committed(commands);
  };
  Writer writer(storage.make_committer(description.rules, clock, on_commit));
  Host host{description.rules, storage, writer, **readers, reporter, options.allow_failures};
  const auto service = description.make_service(host);
  if (!service) return fail(options, service.error(), kDataUnusableExitCode);
  const auto statistics = make_statistics_service(commits, storage);
  auto server = rpc::Server::start(options.listen,
                                   {{service->get(), std::string(description.full_name)},
                                    {statistics.get(), std::string(statistics_service_name())}},
                                   *security, options.health);
  if (!server) return fail(options, server.error(), kCannotListenExitCode);

  std::unique_ptr<frames::Listener> batches;
  if (!options.batches.empty()) {
    auto listener = serve_batches(options.batches, host);
    if (!listener) return fail(options, listener.error(), kCannotListenExitCode);
    batches = std::move(*listener);
  }

  (*server)->set_ready();
  say(options, "ready on " + options.listen);
  int signal = 0;
  sigwait(&stop_signals, &signal);

  (*server)->drain(kDrainGrace);
  batches.reset();
  writer.stop();
  (*readers)->stop();
  return 0;
}

}  // namespace

int run(const Options& options, const Description& description) {
  const sigset_t stop_signals = block_stop_signals();
  if (options.migrate) {
    const auto migrated = migrate_postgres(options, description);
    return migrated ? 0 : fail(options, migrated.error(), kDataUnusableExitCode);
  }
  auto storage = open_storage(options, description, stop_signals);
  if (!storage) return fail(options, storage.error(), kDataUnusableExitCode);
  if (*storage == nullptr) return 0;  // told to stop before there was one
  return serve(options, description, **storage, stop_signals);
}

}  // namespace ldt::participant
