// `ldt up`: prepares the data folder, starts the services, says how to use them, and supervises them.

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "ldt/cluster/cluster.h"
#include "ldt/commands.h"
#include "ldt/exit_codes.h"
#include "ldt/output/terminal.h"
#include "ldt/output/text.h"
#include "ldt/processes/background.h"
#include "ldt/processes/data_folder.h"
#include "ldt/processes/identities.h"
#include "ldt/processes/listen_port.h"
#include "ldt/processes/marketplace.h"
#include "ldt/processes/supervisor.h"

namespace ldt {
namespace {

constexpr std::chrono::seconds kClusterReadyWithin{180};  // makes two databases, one a copy of the other

/// What to type: the script at the project's root sets LDT_ROOT.
std::string own_name() { return std::getenv("LDT_ROOT") != nullptr ? "./ldt" : "ldt"; }

std::string greeting(const UpCommand& command, const DataFolder& data, const Address& http, std::int64_t took_ms) {
  const std::string option = data.path() == default_data_folder() ? "" : " --data " + data.path();
  const std::string failing = command.no_failures ? "" : " --fail delivery.deliver=TIMEOUT";
  return "The marketplace is ready at " + coloured(stdout, Colour::kBold, "http://" + http.reachable().text()) + " (" +
         format_duration(took_ms * 1000) + ")\n" +                                                  //
         "  data            " + data.path() + "\n" +                                                //
         "  operator token  " + data.file("operator.token") + "\n" +                                //
         (command.tls ? "  certificates    " + data.file(kTlsFolder) + "\n" : "") +                 //
         "  try an order    " + own_name() + " order alice late-day 2" + failing + option + "\n" +  //
         "  stop            " + (command.detach ? "" : "Ctrl-C, or ") + own_name() + " down" + option + "\n";
}

/// Whatever else is supervised speaks no gRPC.
void use_certificates(std::vector<ServicePlan>& plans) {
  for (auto& plan : plans) {
    if (plan.service.empty()) continue;
    plan.arguments.insert(plan.arguments.end(), {"--tls-dir", std::string(kTlsFolder) + "/" + plan.service});
  }
}

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && std::string_view(value).find_first_not_of(' ') != std::string_view::npos;
}

/// Telemetry goes elsewhere: the store would stay empty.
bool has_backend() {
  return is_set("OTEL_EXPORTER_OTLP_ENDPOINT") || is_set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") ||
         is_set("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT") || is_set("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT");
}

bool wants_telemetry(const UpCommand& command) {
  const char* store = std::getenv("LDT_TELEMETRY_STORE");
  const bool off = store != nullptr && std::string_view(store) == "off";
  return !command.no_telemetry_store && !off && !has_backend();
}

std::optional<StoreOptions> telemetry_options(const UpCommand& command, std::chrono::seconds max_age) {
  if (!wants_telemetry(command)) return std::nullopt;
  return StoreOptions{command.otlp_grpc, command.otlp_http, max_age, command.telemetry_mb};
}

/// What runs: the services alone, or a cluster of them.
int supervise(const UpCommand& command, const DataFolder& data, const Address& http, const cluster::Cluster* cluster,
              std::vector<ServicePlan> plans, Background* background) {
  if (command.tls) use_certificates(plans);
  Marketplace marketplace(data, http);
  Supervisor* self = nullptr;
  Supervisor supervisor(data, std::move(plans), marketplace, [&](auto took) {
    if (const auto published = data.publish_address(http.reachable()); !published) complain(published.error().detail);
    print(greeting(command, data, http, took.count()) + (cluster != nullptr ? cluster->describe() : ""));
    if (background == nullptr) return;
    self->set_background();
    background->leave_terminal(data.file("log/ldt.stderr"));
  });
  self = &supervisor;
  if (cluster != nullptr) {
    marketplace.set_condition([cluster] { return cluster->lacks(); });
    supervisor.set_ready_within(kClusterReadyWithin);
  }
  const int exit_code = supervisor.run();
  data.withdraw_address();
  return exit_code;
}

/// HOST:FOLDER, which one supervisor at most has.
std::string name_of(const DataFolder& data) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return std::string(host.data()) + ":" + std::filesystem::absolute(data.path()).string();
}

int supervise_services(const UpCommand& command, const DataFolder& data, const Address& http, Background* background) {
  const std::chrono::seconds max_age(parse_age(command.telemetry_age).value_or(0));  // checked before
  PlanOptions options{http, !command.no_failures, telemetry_options(command, max_age), command.store, command.tls};
  options.replica = name_of(data);
  if (!command.cluster) return supervise(command, data, http, nullptr, service_plans(options), background);
  const auto made = cluster::Cluster::prepare(data, {std::move(options), command.network, command.replicas});
  if (!made) {
    complain(made.error().detail);
    return kExitCannot;
  }
  return supervise(command, data, http, made->get(), (*made)->plans(), background);
}

int start(const UpCommand& command, const Address& wanted, Background* background) {
  const auto data = DataFolder::open(command.data_folder);
  if (!data) {
    complain(data.error().detail);
    return kExitCannot;
  }
  if (const auto made = command.tls ? provide_certificates(data->file(kTlsFolder)) : Result<void>(); !made) {
    complain(made.error().detail);
    return kExitCannot;
  }
  const auto http = check_free(wanted);
  if (!http) {
    complain(http.error().detail);
    return kExitCannot;
  }
  return supervise_services(command, *data, *http, background);
}

}  // namespace

int run(const UpCommand& command) {
  const auto wanted = parse_address(command.http);
  if (!wanted) {
    complain("--http " + command.http + ": expected HOST:PORT");
    return kExitUsage;
  }
  if (!parse_age(command.telemetry_age)) {
    complain("--telemetry-age " + command.telemetry_age + ": expected 90s, 30m, 24h or 7d");
    return kExitUsage;
  }
  if (!command.detach) return start(command, *wanted, nullptr);
  Background background;
  if (const auto exit_code = background.fork()) return *exit_code;
  return start(command, *wanted, &background);
}

}  // namespace ldt
