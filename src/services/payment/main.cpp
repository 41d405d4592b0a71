// The payment service's program.
// Depends on participant/server, which runs it.
#include "participant/server/run.h"
#include "participant/storage/postgres/schema.h"
#include "participant/storage/sqlite/schema.h"
#include "services/payment/rpc.h"
#include "services/payment/rules.h"

int main(int argc, char** argv) {
  using namespace ldt;

  auto options = participant::default_options("payment");
  Credits initial_credits = payment::kDefaultInitialCredits;
  const participant::NumberFlag flag{.name = "--initial-credits",
                                     .help = "What an account that is opened from now on starts with",
                                     .max = kMaxCredits.value,
                                     .value = &initial_credits.value};
  if (const auto exit_code = participant::parse_command_line(argc, argv, options, flag)) return *exit_code;

  const payment::Rules rules(initial_credits);
  const auto migrations = participant::migrations(payment::kViews);
  const std::string_view postgres_migrations[] = {participant::kPostgresSchema, payment::kPostgresViews};
  return participant::run(options, {.rules = rules,
                                    .migrations = migrations,
                                    .postgres_migrations = postgres_migrations,
                                    .full_name = payment::service_name(),
                                    .make_service = payment::make_service});
}
