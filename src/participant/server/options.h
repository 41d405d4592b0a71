// The command line that every participant's program has.
// Hides CLI11.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ldt::participant {

struct Options {
  std::string service;   // "payment"
  std::string database;  // a file
  std::string store;     // a PostgreSQL URL; empty: the file is used
  /// Settings of the server that lose commits and are wanted all the same.
  std::vector<std::string> allowed_weak_settings;
  bool migrate = false;       // bring the store's schema up to date, and end
  std::string listen;         // "unix:PATH" or "HOST:PORT"
  std::string batches;        // a socket's path, for an order service on this machine; empty: there is none
  std::string health;         // "HOST:PORT" for probes; empty: none
  std::string tls_directory;  // empty: plain text
  std::string log_directory = "log";
  std::string telemetry_store;  // gRPC address; empty: there is none
  bool allow_failures = false;
};

/// A number that one service has as a flag of its own.
struct NumberFlag {
  std::string name;  // "--initial-credits"
  std::string help;
  std::int64_t max = 0;
  std::int64_t* value = nullptr;  // holds the default
};

/// Where a service's files are, relative to the data folder in which it is started.
[[nodiscard]] Options default_options(const std::string& service);

/// Reads the command line into `options`.
/// @return the exit code, where the program shall end now (wrong arguments, --help)
[[nodiscard]] std::optional<int> parse_command_line(int argc, char** argv, Options& options,
                                                    const std::optional<NumberFlag>& own = std::nullopt);

}  // namespace ldt::participant
