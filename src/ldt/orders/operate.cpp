// What an operator changes: `ldt restock`, `ldt price`, `ldt grant`.
// Depends on the public API and the operator token.
// Invariant: each run has an idempotency key of its own, so that no addition can count twice.

#include "ldt/client/api_client.h"
#include "ldt/commands.h"
#include "ldt/output/json_access.h"
#include "ldt/output/terminal.h"
#include "ldt/output/text.h"

namespace ldt {
namespace {

std::string object(const char* member, std::int64_t value) {
  return std::string("{\"") + member + "\":" + std::to_string(value) + "}";
}

void print_sku(const boost::json::value& sku) {
  print(json::cell(sku, "sku") + ": price " + json::cell(sku, "price") + ", stock " + json::cell(sku, "stock") +
        ", reserved " + json::cell(sku, "reserved") + ", sold " + json::cell(sku, "sold") + "\n");
}

}  // namespace

int run(const RestockCommand& command) {
  const auto path = "/v1/inventory/" + percent_encode(command.sku) + "/restock";
  return present(
      command.target,
      [&](const ApiClient& api) {
        return api.post(path, object("quantity", command.quantity), fresh_key(), ApiClient::As::kOperator);
      },
      print_sku);
}

int run(const PriceCommand& command) {
  const auto path = "/v1/inventory/" + percent_encode(command.sku);
  return present(
      command.target,
      [&](const ApiClient& api) { return api.put(path, object("price", command.price), ApiClient::As::kOperator); },
      print_sku);
}

int run(const GrantCommand& command) {
  const auto path = "/v1/accounts/" + percent_encode(command.user) + "/credits";
  return present(
      command.target,
      [&](const ApiClient& api) {
        return api.post(path, object("amount", command.amount), fresh_key(), ApiClient::As::kOperator);
      },
      [](const boost::json::value& account) {
        print(json::cell(account, "user") + " has " + json::cell(account, "credits") + " credits\n");
      });
}

}  // namespace ldt
