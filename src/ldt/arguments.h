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

struct UpCommand {
  std::string data_folder;
  std::string http;  // HOST:PORT
  bool detach = false;
  bool no_failures = false;
};

struct DownCommand {
  std::string data_folder;
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
  std::string data_folder;
  std::string order;    // empty: all
  std::string service;  // empty: all
  bool follow = false;
  bool json = false;
};

using Command = std::variant<UpCommand, DownCommand, OrderCommand, OrdersCommand, AccountCommand, WalletCommand,
                             InventoryCommand, SagasCommand, AuditCommand, CancelCommand, RetryCommand, RestockCommand,
                             PriceCommand, GrantCommand, LogsCommand>;

/// Absolute: LDT_DATA, or `data` in the project's folder (LDT_ROOT, set by the script `ldt`) or here.
[[nodiscard]] std::string default_data_folder();

/// The command, or the exit code where there is nothing (more) to run: help was printed, or a usage error said.
[[nodiscard]] std::variant<Command, int> parse(int argc, char** argv);

}  // namespace ldt
