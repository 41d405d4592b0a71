// Reads a participant's command line.
// Depends on CLI11.
#include "participant/server/options.h"

#include <CLI/CLI.hpp>

#include "base/exit_codes.h"
#include "platform/postgres/url.h"

namespace ldt::participant {

Options default_options(const std::string& service) {
  return {.service = service, .database = service + "/" + service + ".db", .listen = "unix:run/" + service + ".sock"};
}

std::optional<int> parse_command_line(int argc, char** argv, Options& options, const std::optional<NumberFlag>& own) {
  CLI::App app("The " + options.service + " service of the late-day tokens marketplace.");
  app.set_version_flag("--version", LDT_VERSION);
  app.add_option("--db", options.database, "Database file")->capture_default_str();
  const auto is_url = [](const std::string& url) {
    const auto checked = postgres::check_url(url);
    return checked ? std::string() : checked.error().detail;
  };
  auto* store = app.add_option("--store", options.store, "PostgreSQL in place of the file: postgresql://...")
                    ->check(CLI::Validator(is_url, "URL"));
  app.add_flag("--migrate", options.migrate, "Bring the store's schema up to date, and end")->needs(store);
  app.add_option("--allow-synchronous-commit", options.allowed_weak_settings,
                 "A setting of the server that may lose commits, to be accepted (off, local, ...)")
      ->needs(store);
  app.add_option("--listen", options.listen, "gRPC address: unix:PATH or HOST:PORT")->capture_default_str();
  app.add_option("--batches", options.batches,
                 "A Unix socket besides, for the batches of an order service on this machine");
  app.add_option("--health", options.health, "HOST:PORT for health checks alone, in plain text (else none)");
  app.add_option("--tls-dir", options.tls_directory, "ca.crt, tls.crt and tls.key for mutual TLS (else plain text)")
      ->excludes("--batches");  // they have none
  app.add_option("--log-dir", options.log_directory, "Where the log goes without an OTLP endpoint")
      ->capture_default_str();
  app.add_option("--telemetry-store", options.telemetry_store,
                 "The telemetry store's gRPC address (else there is none)");
  app.add_flag("--allow-failures", options.allow_failures, "Obey failure instructions");
  if (own) {
    app.add_option(own->name, *own->value, own->help)
        ->check(CLI::Range(std::int64_t{0}, own->max))
        ->capture_default_str();
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kBadCommandLineExitCode;
  }
  return std::nullopt;
}

}  // namespace ldt::participant
