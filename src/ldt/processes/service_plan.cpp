#include "ldt/processes/service_plan.h"

#include "platform/process/spawn.h"

namespace ldt {
namespace {

constexpr const char* kTelemetryAddress = "unix:run/telemetry.sock";

std::string program(const std::string& name) { return process::own_folder() + "/" + name; }

void append(ServicePlan& plan, const std::vector<std::string>& arguments) {
  plan.arguments.insert(plan.arguments.end(), arguments.begin(), arguments.end());
}

ServicePlan local_plan(const std::string& service, const PlanOptions& options) {
  ServicePlan plan = service_plan(service, options.store);
  append(plan, {"--listen", "unix:run/" + service + ".sock", "--log-dir", "log"});
  return plan;
}

/// For the order service's batches, which need no network here.
std::string batch_socket(const std::string& service) { return "run/" + service + ".batches"; }

ServicePlan local_participant_plan(const std::string& service, const PlanOptions& options) {
  ServicePlan plan = local_plan(service, options);
  if (!options.tls) append(plan, {"--batches", batch_socket(service)});
  return plan;
}

ServicePlan local_order_plan(const PlanOptions& options) {
  ServicePlan plan = local_plan("order", options);
  append(plan, {"--http", options.http.text(), "--operator-token-file", "operator.token"});
  if (!options.store.empty() && !options.replica.empty()) append(plan, {"--replica", options.replica});
  for (const auto& name : participants()) {
    append(plan, {"--" + name, "unix:run/" + name + ".sock"});
    if (!options.tls) append(plan, {"--" + name + "-batches", batch_socket(name)});
  }
  return plan;
}

}  // namespace

const std::vector<std::string>& participants() {
  static const std::vector<std::string> names{"payment", "inventory", "delivery"};
  return names;
}

ServicePlan service_plan(const std::string& service, const std::string& store) {
  ServicePlan plan{service, program("ldt-" + service), {}, service == "order" ? Tier::kOrder : Tier::kParticipant};
  plan.service = service;
  if (store.empty()) {
    append(plan, {"--db", service + "/" + service + ".db"});
  } else {
    append(plan, {"--store", store});
  }
  return plan;
}

ServicePlan migration_plan(const std::string& store, const std::string& data_folder) {
  ServicePlan plan{"migrate", program("ldt"), {"migrate", "--store", store, "--data", data_folder}, Tier::kMigration};
  plan.once = true;
  return plan;
}

ServicePlan telemetry_plan(const StoreOptions& options) {
  ServicePlan plan{"telemetry",
                   program("ldt-telemetry"),
                   {"--db", "telemetry/telemetry.db", "--listen", kTelemetryAddress, "--otlp-grpc", options.otlp_grpc,
                    "--otlp-http", options.otlp_http, "--max-age-seconds", std::to_string(options.max_age.count()),
                    "--max-size-mb", std::to_string(options.max_mb)},
                   Tier::kTelemetry};
  plan.needed = false;
  plan.service = "telemetry";
  return plan;
}

void add_common_arguments(std::vector<ServicePlan>& plans, bool allow_failures, bool telemetry) {
  for (auto& plan : plans) {
    if (plan.tier != Tier::kParticipant && plan.tier != Tier::kOrder) continue;
    if (allow_failures) append(plan, {"--allow-failures"});
    if (telemetry) append(plan, {"--telemetry-store", kTelemetryAddress});
  }
}

std::vector<ServicePlan> service_plans(const PlanOptions& options) {
  std::vector<ServicePlan> plans;
  if (options.telemetry) plans.push_back(telemetry_plan(*options.telemetry));
  if (!options.store.empty()) plans.push_back(migration_plan(options.store));
  for (const auto& name : participants()) plans.push_back(local_participant_plan(name, options));
  plans.push_back(local_order_plan(options));
  add_common_arguments(plans, options.allow_failures, options.telemetry.has_value());
  return plans;
}

}  // namespace ldt
