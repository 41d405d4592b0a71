// What the supervisor runs: a program, its arguments, and its place among the others.
// Pure. Invariant: the tiers are in the order in which they start; they stop in the opposite order.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "ldt/client/address.h"

namespace ldt {

/// The telemetry store ends last: it hears what the others have to say at their end. The order service ends first: a
/// participant or a balancer that goes away under it would make requests fail that need not.
enum class Tier { kTelemetry, kCoordination, kDatabase, kMigration, kParticipant, kBalancer, kOrder };

struct ServicePlan {
  std::string name;                    // "payment"
  std::string program;                 // a path
  std::vector<std::string> arguments;  // paths in them are relative to the data folder
  Tier tier = Tier::kParticipant;
  bool needed = true;                    // false: the marketplace starts and runs without it, too
  bool once = false;                     // a task: higher tiers start when it has ended with exit code 0
  std::string service;                   // which of our own it is, whose certificates it uses; empty: another's program
  bool quiet = false;                    // another's program: what it says goes to its file only
  std::chrono::seconds stop_within{10};  // SIGTERM, then SIGKILL; requests under way have 5 s of it
};

/// How to run the telemetry store.
struct StoreOptions {
  std::string otlp_grpc;  // HOST:PORT or "off"
  std::string otlp_http;
  std::chrono::seconds max_age{};
  std::int64_t max_mb = 0;
};

struct PlanOptions {
  Address http;
  bool allow_failures = false;
  std::optional<StoreOptions> telemetry;  // nothing: without the store
  std::string store;                      // a PostgreSQL URL; empty: SQLite in the data folder
  bool tls = false;                       // everything between the services goes over gRPC with certificates
  std::string replica;  // over PostgreSQL the order service's name, which nobody else has and a restart keeps
};

/// The participants of every order, in the order of its steps.
[[nodiscard]] const std::vector<std::string>& participants();

/// The four services, the telemetry store where there is to be one, and over PostgreSQL the migration before them.
[[nodiscard]] std::vector<ServicePlan> service_plans(const PlanOptions& options);

/// What a service over PostgreSQL, or over SQLite in the data folder, is started with, wherever it listens.
[[nodiscard]] ServicePlan service_plan(const std::string& service, const std::string& store);
/// `ldt migrate` as a task.
[[nodiscard]] ServicePlan migration_plan(const std::string& store, const std::string& data_folder = ".");
[[nodiscard]] ServicePlan telemetry_plan(const StoreOptions& options);
/// Gives all but the telemetry store what they need to send to it, and the permission for failure instructions.
void add_common_arguments(std::vector<ServicePlan>& plans, bool allow_failures, bool telemetry);

}  // namespace ldt
