// What became of orders: `ldt orders`, `ldt sagas`.
// Depends on the public API; sagas need the operator token.

#include "ldt/client/api_client.h"
#include "ldt/commands.h"
#include "ldt/orders/timeline.h"
#include "ldt/output/json_access.h"
#include "ldt/output/table.h"
#include "ldt/output/terminal.h"
#include "ldt/output/text.h"

namespace ldt {
namespace {

std::string list_path(const OrdersCommand& command) {
  std::string path = "/v1/orders";
  const auto add = [&path](const char* name, const std::string& value) {
    if (value.empty()) return;
    path += (path.find('?') == std::string::npos ? "?" : "&") + std::string(name) + "=" + percent_encode(value);
  };
  add("user", command.user);
  add("state", upper(command.state));
  add("outcome", upper(command.outcome));
  add("failed_step", command.failed_step);
  return path;
}

void print_orders(const boost::json::value& page) {
  constexpr auto kRight = Table::Align::kRight;
  Table table({{"ORDER"},
               {"CREATED"},
               {"USER"},
               {"SKU"},
               {"QUANTITY", kRight},
               {"TOTAL", kRight},
               {"STATE"},
               {"OUTCOME"},
               {"FAILED STEP"}});
  for (const auto& order : json::array(page, "orders")) {
    table.add({json::cell(order, "id"), json::cell(order, "created_at"), json::cell(order, "user"),
               json::cell(order, "sku"), json::cell(order, "quantity"), json::cell(order, "total"),
               json::cell(order, "state"), json::cell(order, "outcome"), json::cell(order, "failed_step")});
  }
  print(table.empty() ? "no orders\n" : table.text());
  if (!json::text(page, "next_cursor").empty()) print("... and older ones (--limit)\n");
}

void print_sagas(const boost::json::value& page) {
  Table table(
      {{"ORDER"}, {"STATE"}, {"STUCK"}, {"STEP"}, {"ATTEMPTS", Table::Align::kRight}, {"SINCE"}, {"LAST ERROR"}});
  for (const auto& saga : json::array(page, "sagas")) {
    table.add({json::cell(saga, "order_id"), json::cell(saga, "state"), json::flag(saga, "stuck") ? "STUCK" : "-",
               json::cell(saga, "step"), json::cell(saga, "attempts"), json::cell(saga, "created_at"),
               json::cell(saga, "last_error")});
  }
  print(table.empty() ? "none\n" : table.text());
}

}  // namespace

int run(const OrdersCommand& command) {
  if (!command.id.empty()) {
    const auto path = "/v1/orders/" + percent_encode(command.id);
    return present(
        command.target, [&](const ApiClient& api) { return api.get(path); },
        [](const boost::json::value& order) { print(to_page(order)); });
  }
  return present(
      command.target, [&](const ApiClient& api) { return api.get_pages(list_path(command), "orders", command.limit); },
      print_orders);
}

int run(const SagasCommand& command) {
  constexpr auto kOperator = ApiClient::As::kOperator;
  if (!command.retry.empty()) {
    const auto path = "/v1/sagas/" + percent_encode(command.retry) + "/retry";
    return present(
        command.target, [&](const ApiClient& api) { return api.post(path, "", "", kOperator); },
        [&](const boost::json::value&) {
          print("the pending step of " + printable(command.retry) + " is tried now\n");
        });
  }
  const std::string path = command.stuck ? "/v1/sagas?state=STUCK" : "/v1/sagas";
  return present(
      command.target, [&](const ApiClient& api) { return api.get(path, kOperator); }, print_sagas);
}

}  // namespace ldt
