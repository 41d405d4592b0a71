// The audit would notice: what a broken disk or a careless hand changes behind the services' backs shows as a
// violation. The tables are the services' own; a change of theirs that breaks a statement here needs a new statement.
#include "support/database.h"
#include "support/scenario.h"

namespace ldt::testing {
namespace {

struct Tampering {
  std::string what;
  std::string service;
  std::string sql;  // with one parameter: the order's id in hexadecimal digits
};

std::ostream& operator<<(std::ostream& out, const Tampering& tampering) { return out << tampering.what; }

const Tampering kTamperings[] = {
    {"AChargeIsSmaller", "payment",
     "UPDATE journal SET amount = amount - 1, delta = delta + 1 WHERE hex(order_id) = ? AND kind = 2"},
    {"AChargeIsGone", "payment", "UPDATE journal SET state = 2, delta = 0 WHERE hex(order_id) = ? AND kind = 2"},
    {"AReservationIsGone", "inventory", "UPDATE journal SET state = 2, delta = 0 WHERE hex(order_id) = ? AND kind = 2"},
    {"ADeliveryIsGone", "delivery", "UPDATE journal SET state = 2, delta = 0 WHERE hex(order_id) = ? AND kind = 2"},
    {"ADeliveryIsLarger", "delivery",
     "UPDATE journal SET amount = amount + 1, delta = delta + 1 WHERE hex(order_id) = ? AND kind = 2"},
    {"CreditsAppeared", "payment",
     "UPDATE holding SET balance = balance + 100 WHERE name_id = (SELECT holder FROM journal WHERE hex(order_id) = ?)"},
    {"StockVanished", "inventory",
     "UPDATE holding SET balance = balance - 1 WHERE name_id = (SELECT holder FROM journal WHERE hex(order_id) = ?)"},
    {"TokensAppeared", "delivery",
     "UPDATE holding SET balance = balance + 1 WHERE name_id = (SELECT holder FROM journal WHERE hex(order_id) = ?)"},
};

std::string hexadecimal(std::string uuid) {
  std::erase(uuid, '-');
  for (auto& c : uuid) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return uuid;
}

class Audit : public ::testing::TestWithParam<Tampering> {};

TEST_P(Audit, Notices) {
  const auto& tampering = GetParam();
  Marketplace market;
  auto client = market.client();
  const std::string id = client.place(OrderRequest{.user = "alice", .sku = "late-day", .quantity = 2}).body.at("id");
  client.place(OrderRequest{.user = "bob", .sku = "late-day"});
  ASSERT_EQ(market.stop().exit_code, 0);
  const auto file = market.data() / tampering.service / (tampering.service + ".db");
  ASSERT_EQ(change_database(file, tampering.sql, {hexadecimal(id)}), 1) << "the test's statement fits no row";
  market.start();
  const auto audit = client.audit();
  EXPECT_FALSE(audit.at("ok").get<bool>()) << audit.dump(2);
  EXPECT_FALSE(audit.at("violations").empty()) << audit.dump(2);
  EXPECT_NE(market.ldt({"audit"}).exit_code, 0);
}

INSTANTIATE_TEST_SUITE_P(That, Audit, ::testing::ValuesIn(kTamperings),
                         [](const auto& tested) { return tested.param.what; });

}  // namespace
}  // namespace ldt::testing
