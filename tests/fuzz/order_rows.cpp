// Any rows in the order service's database: the engine and the archive read each as an order that keeps its bounds, or
// say that it is broken; and what the engine would write back of it, it reads again.
// Depends on the order service's storage and sqlite3.
#include <memory>

#include "fuzz/require.h"
#include "fuzz/rows.h"
#include "services/order/storage/sqlite/sqlite_archive.h"
#include "services/order/storage/sqlite/sqlite_store.h"
#include "services/order/storage/stored_text.h"

namespace {

using namespace ldt;

const std::string& database() {
  static const std::string path = fuzz::folder() + "/order.db";
  return path;
}

struct World {
  World() : store(std::move(*order::SqliteStore::open(database()))), intruder(database()) {
    archive = std::move(*order::SqliteArchive::open(database()));
  }
  order::SqliteStore store;
  fuzz::Intruder intruder;
  std::unique_ptr<order::SqliteArchive> archive;
};

void write_rows(fuzz::Intruder& intruder, FuzzedDataProvider& input) {
  const std::string id = "x'01932c0ea1b47000800000000000000";
  const std::vector<std::string> usual{
      "'alice'",     "'late-day'",      "1", "10", "NULL", "77", "3", "500", "0", "'1 0 0 0 -1 -1 0;'", "zeroblob(25)",
      "zeroblob(8)", "1700000000000000"};
  const auto rows = input.ConsumeIntegralInRange(1, 3);
  for (int n = 1; n <= rows; ++n) {
    std::vector<std::string> row{std::to_string(n), id + std::to_string(n) + "'"};
    row.insert(row.end(), usual.begin(), usual.end());
    const auto progress = {std::to_string(input.ConsumeIntegralInRange(0, 2)), std::string("4"), std::string("1"),
                           std::string("'0 1 1 0 5;1 1 0 5 0;'")};
    row.insert(row.end(), progress.begin(), progress.end());
    row.push_back(std::to_string(input.ConsumeIntegralInRange(0, 4)));  // the user's order before it
    intruder.insert("orders", row, input);
    if (input.ConsumeBool()) {
      intruder.insert("order_end", {std::to_string(n), "4", "'0 1 1 0 5;'", "NULL", "1700000000000100"}, input);
    }
  }
}

void check(const order::OrderView& order) {
  REQUIRE(UserName::parse(order.user.text()).has_value() && Sku::parse(order.sku.text()).has_value());
  REQUIRE(checked_total(order.unit_price, order.quantity) == order.total);
  REQUIRE(!saga::to_string(order.state).empty());
  static_cast<void>(saga::to_string(order.outcome));
  static_cast<void>(saga::to_string(order.reason));
  if (order.failed_step) static_cast<void>(saga::to_string(*order.failed_step));
  for (const auto& attempt : order.attempts) static_cast<void>(saga::to_string(attempt.outcome));
  REQUIRE(order::parse_attempts(order::render_attempts(order.attempts, order.created_at), order.created_at));
  REQUIRE(order::parse_failures(order::render_failures(order.failures)));
}

void read_rows(World& world) {
  if (const auto unfinished = world.store.unfinished()) {
    for (const auto& row : *unfinished) {
      REQUIRE(!saga::is_final(row.state));
      check(view_of(row));
    }
  }
  for (const auto& query : {order::ListQuery{}, order::ListQuery{.user = UserName::parse("alice")}}) {
    if (const auto page = world.archive->list(query)) {
      for (const auto& order : page->orders) check(order);
    }
  }
  static_cast<void>(world.store.sold());
  if (!world.archive->begin_audit()) return;
  for (auto order = world.archive->next_audited(); order && *order; order = world.archive->next_audited()) {
    REQUIRE(!saga::to_string((*order)->state).empty());
  }
  world.archive->end_audit();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static World world;
  FuzzedDataProvider input(data, size);
  world.intruder.run("BEGIN; DELETE FROM orders; DELETE FROM order_end");
  write_rows(world.intruder, input);
  world.intruder.run("COMMIT");
  read_rows(world);
  return 0;
}
