// The inventory service's program.
// Depends on participant/server, which runs it.
#include "participant/server/run.h"
#include "participant/storage/postgres/schema.h"
#include "participant/storage/sqlite/schema.h"
#include "services/inventory/rpc.h"
#include "services/inventory/rules.h"

int main(int argc, char** argv) {
  using namespace ldt;

  auto options = participant::default_options("inventory");
  if (const auto exit_code = participant::parse_command_line(argc, argv, options)) return *exit_code;

  const inventory::Rules rules;
  const auto migrations = participant::migrations(inventory::kViews);
  const std::string_view postgres_migrations[] = {participant::kPostgresSchema, inventory::kPostgresViews};
  return participant::run(options, {.rules = rules,
                                    .migrations = migrations,
                                    .postgres_migrations = postgres_migrations,
                                    .full_name = inventory::service_name(),
                                    .make_service = inventory::make_service});
}
