// The delivery service's program.
// Depends on participant/server, which runs it.
#include "participant/server/run.h"
#include "participant/storage/schema.h"
#include "services/delivery/rpc.h"
#include "services/delivery/rules.h"

int main(int argc, char** argv) {
  using namespace ldt;

  auto options = participant::default_options("delivery");
  if (const auto exit_code = participant::parse_command_line(argc, argv, options)) return *exit_code;

  const delivery::Rules rules;
  const std::string_view migrations[] = {participant::kSchema, delivery::kViews, participant::kEntryChains,
                                         participant::kNoStrikes};
  return participant::run(options, {.rules = rules,
                                    .migrations = migrations,
                                    .full_name = delivery::service_name(),
                                    .make_service = [](participant::Host& host, const participant::Book&) {
                                      return delivery::make_service(host);
                                    }});
}
