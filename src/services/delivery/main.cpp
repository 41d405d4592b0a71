// The delivery service's program.
// Depends on participant/server, which runs it.
#include "participant/server/run.h"
#include "participant/storage/postgres/schema.h"
#include "participant/storage/sqlite/schema.h"
#include "services/delivery/rpc.h"
#include "services/delivery/rules.h"

int main(int argc, char** argv) {
  using namespace ldt;

  auto options = participant::default_options("delivery");
  if (const auto exit_code = participant::parse_command_line(argc, argv, options)) return *exit_code;

  const delivery::Rules rules;
  const auto migrations = participant::migrations(delivery::kViews);
  const std::string_view postgres_migrations[] = {participant::kPostgresSchema, delivery::kPostgresViews};
  return participant::run(options, {.rules = rules,
                                    .migrations = migrations,
                                    .postgres_migrations = postgres_migrations,
                                    .full_name = delivery::service_name(),
                                    .make_service = delivery::make_service});
}
