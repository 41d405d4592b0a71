// What the command line asked for, one struct per command.
// The only file that knows CLI11 is arguments.cpp. Invariant: what comes out of `parse` is complete, defaults included.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace ldt {

/// How a command reaches a marketplace that runs, and how it answers.
struct Target {
  std::string url;          // empty: found by way of the data folder
  std::string data_folder;  // absolute
  bool json = false;
};

/// What the hosts of a cluster on one machine are.
enum class Network { kAuto, kLoopback, kNamespaces };

struct UpCommand {
  std::string data_folder;
  std::string http;  // HOST:PORT
  bool detach = false;
  bool no_failures = false;
  std::string store;  // a PostgreSQL URL; empty: SQLite in the data folder
  bool tls = false;
  bool cluster = false;
  int replicas = 2;  // of each service of the cluster
  Network network = Network::kAuto;
  bool no_telemetry_store = false;
  std::string otlp_grpc;      // HOST:PORT of the store's OTLP receiver over gRPC, or "off"
  std::string otlp_http;      // the same over HTTP
  std::string telemetry_age;  // "24h"
  std::int64_t telemetry_mb = 256;
};

struct DownCommand {
  std::string data_folder;
};

struct MigrateCommand {
  std::string data_folder;
  std::string store;
};

struct CertificatesCommand {
  std::string data_folder;
  std::string folder;  // empty: the data folder's
  bool renew = false;
};

struct OrderCommand {
  Target target;
  std::string user;
  std::string sku;
  std::int64_t quantity = 0;
  std::vector<std::string> failures;  // STEP=KIND[:...] as typed
  std::optional<std::int64_t> max_unit_price;
  std::string idempotency_key;  // empty: one is made
  std::optional<std::int64_t> max_attempts;
  std::optional<std::int64_t> step_timeout_ms;
  bool hold = false;
  bool no_wait = false;
};

struct OrdersCommand {
  Target target;
  std::string id;  // empty: the list
  std::string user;
  std::string state;
  std::string outcome;
  std::string failed_step;
  std::int64_t limit = 50;
};

struct AccountCommand {
  Target target;
  std::string user;
  std::int64_t limit = 50;
};

struct WalletCommand {
  Target target;
  std::string user;
  std::int64_t limit = 50;
};

struct InventoryCommand {
  Target target;
  std::string sku;  // empty: all
};

struct SagasCommand {
  Target target;
  bool stuck = false;
  std::string retry;  // an order's id: push it on
};

struct AuditCommand {
  Target target;
};

struct CancelCommand {
  Target target;
  std::string id;
};

struct RetryCommand {
  Target target;
  std::string id;
};

struct RestockCommand {
  Target target;
  std::string sku;
  std::int64_t quantity = 0;
};

struct PriceCommand {
  Target target;
  std::string sku;
  std::int64_t price = 0;
};

struct GrantCommand {
  Target target;
  std::string user;
  std::int64_t amount = 0;
};

struct LogsCommand {
  Target target;
  std::string order;     // empty: all
  std::string service;   // empty: all
  std::string severity;  // "WARN": that and above; empty: all
  std::string text;      // empty: all
  std::string since;     // "10m", or a time in RFC 3339; empty: see limit
  std::optional<std::int64_t> limit;
  bool follow = false;
  bool files = false;  // read the data folder's files instead of the store
};

struct TraceCommand {
  Target target;
  std::string id;
};

struct BenchCommand {
  Target target;
  bool own_marketplace = true;  // neither --url nor --data
  std::string parent;           // of its folder; empty: chosen
  std::int64_t connections = 256;
  double duration = 10;  // seconds, after the warm-up
  double warmup = 1;     // seconds
  double rate = 0;       // orders a second; 0: closed loop
  double failures = 0;   // percent of the orders
  std::int64_t users = 100'000;
  std::int64_t skus = 100;
  std::string hot;                  // "sku" or "user": all orders on one; empty: spread
  bool audit = true;                // afterwards
  bool overload = false;            // ten times what it carries
  bool restart = false;             // kill all of it, and start it again
  std::int64_t orders = 1'000'000;  // --restart: stored before
  std::int64_t in_flight = 10'000;  // --restart: under way when it is killed
  bool cluster = false;
  std::vector<int> replicas{1, 2, 4};  // of the clusters to measure, one after the other
};

using Command =
    std::variant<UpCommand, DownCommand, MigrateCommand, OrderCommand, OrdersCommand, AccountCommand, WalletCommand,
                 InventoryCommand, SagasCommand, AuditCommand, CancelCommand, RetryCommand, RestockCommand,
                 PriceCommand, GrantCommand, LogsCommand, TraceCommand, BenchCommand, CertificatesCommand>;

/// Absolute: LDT_DATA, or `data` in the project's folder (LDT_ROOT, set by the script `ldt`) or here.
[[nodiscard]] std::string default_data_folder();

/// The command, or the exit code where there is nothing (more) to run: help was printed, or a usage error said.
[[nodiscard]] std::variant<Command, int> parse(int argc, char** argv);

}  // namespace ldt
