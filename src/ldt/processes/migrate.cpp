// `ldt migrate`: brings the schemas of all services in a PostgreSQL database up to date.
// Depends on the services' programs, which know their own schema. Safe to repeat, also at the same time.

#include <string>

#include "base/exit_codes.h"
#include "ldt/commands.h"
#include "ldt/exit_codes.h"
#include "ldt/output/terminal.h"
#include "ldt/processes/run_program.h"
#include "ldt/processes/service_plan.h"

namespace ldt {
namespace {

int migrate(const std::string& service, const MigrateCommand& command) {
  process::SpawnRequest request;
  request.program = service_plan(service, command.store).program;
  request.arguments = {"--store", command.store, "--migrate"};
  request.working_directory = ".";
  const auto ended = run_to_end(request);
  if (!ended) {
    complain(ended.error().detail);
    return kExitCannot;
  }
  if (!ended->by_signal && ended->code == 0) return kExitOk;
  complain("the schema of " + service + " is not up to date: ldt-" + service + " " + process::describe(*ended));
  return !ended->by_signal && ended->code == kBadCommandLineExitCode ? kExitUsage : kExitCannot;
}

}  // namespace

int run(const MigrateCommand& command) {
  auto services = participants();
  services.emplace_back("order");
  for (const auto& service : services) {
    if (const int exit_code = migrate(service, command); exit_code != kExitOk) return exit_code;
  }
  print("the schemas of all services are up to date\n");
  return kExitOk;
}

}  // namespace ldt
