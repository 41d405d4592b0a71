// What a user decides about an order under way: `ldt cancel`, `ldt retry`.
// Depends on the public API.

#include "ldt/client/api_client.h"
#include "ldt/commands.h"
#include "ldt/orders/timeline.h"
#include "ldt/output/terminal.h"
#include "ldt/output/text.h"

namespace ldt {
namespace {

int decide(const Target& target, const std::string& id, const char* decision) {
  const auto path = "/v1/orders/" + percent_encode(id) + "/" + decision;
  return present(
      target, [&](const ApiClient& api) { return api.post(path, ""); },
      [](const boost::json::value& order) { print(to_page(order)); });
}

}  // namespace

int run(const CancelCommand& command) { return decide(command.target, command.id, "cancel"); }
int run(const RetryCommand& command) { return decide(command.target, command.id, "retry"); }

}  // namespace ldt
