// What each service holds: `ldt account`, `ldt wallet`, `ldt inventory`.
// Depends on the public API alone.

#include "ldt/client/api_client.h"
#include "ldt/commands.h"
#include "ldt/output/json_access.h"
#include "ldt/output/table.h"
#include "ldt/output/terminal.h"
#include "ldt/output/text.h"

namespace ldt {
namespace {

constexpr std::int64_t kAllSkus = 1'000'000;

void print_more(const boost::json::value& page) {
  if (!json::text(page, "next_cursor").empty()) print("... and older ones (--limit)\n");
}

void print_account(const boost::json::value& account) {
  print(json::cell(account, "user") + " has " + json::cell(account, "credits") + " credits\n");
  Table table({{"AT"}, {"KIND"}, {"AMOUNT", Table::Align::kRight}, {"ORDER"}});
  for (const auto& entry : json::array(account, "entries")) {
    table.add({json::cell(entry, "at"), json::cell(entry, "kind"), json::cell(entry, "amount"),
               json::cell(entry, "order_id")});
  }
  if (!table.empty()) print(table.text());
  print_more(account);
}

void print_wallet(const boost::json::value& wallet) {
  print(json::cell(wallet, "user") + " holds " + json::cell(wallet, "quantity") + " tokens\n");
  Table table({{"TOKEN"}, {"SKU"}, {"ORDER"}, {"DELIVERED"}});
  for (const auto& token : json::array(wallet, "tokens")) {
    table.add({json::cell(token, "id"), json::cell(token, "sku"), json::cell(token, "order_id"),
               json::cell(token, "delivered_at")});
  }
  if (!table.empty()) print(table.text());
  print_more(wallet);
}

Table inventory_table() {
  constexpr auto kRight = Table::Align::kRight;
  return Table({{"SKU"}, {"PRICE", kRight}, {"STOCK", kRight}, {"RESERVED", kRight}, {"SOLD", kRight}});
}

void add_sku(Table& table, const boost::json::value& sku) {
  table.add({json::cell(sku, "sku"), json::cell(sku, "price"), json::cell(sku, "stock"), json::cell(sku, "reserved"),
             json::cell(sku, "sold")});
}

void print_sku(const boost::json::value& sku) {
  Table table = inventory_table();
  add_sku(table, sku);
  print(table.text());
}

void print_inventory(const boost::json::value& inventory) {
  Table table = inventory_table();
  for (const auto& sku : json::array(inventory, "inventory")) add_sku(table, sku);
  print(table.empty() ? "no SKUs\n" : table.text());
}

}  // namespace

int run(const AccountCommand& command) {
  const auto path = "/v1/accounts/" + percent_encode(command.user);
  return present(
      command.target, [&](const ApiClient& api) { return api.get_pages(path, "entries", command.limit); },
      print_account);
}

int run(const WalletCommand& command) {
  const auto path = "/v1/wallets/" + percent_encode(command.user);
  return present(
      command.target, [&](const ApiClient& api) { return api.get_pages(path, "tokens", command.limit); }, print_wallet);
}

int run(const InventoryCommand& command) {
  if (!command.sku.empty()) {
    const auto path = "/v1/inventory/" + percent_encode(command.sku);
    return present(
        command.target, [&](const ApiClient& api) { return api.get(path); }, print_sku);
  }
  return present(
      command.target, [](const ApiClient& api) { return api.get_pages("/v1/inventory", "inventory", kAllSkus); },
      print_inventory);
}

}  // namespace ldt
