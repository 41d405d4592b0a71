// Lists: filters, the order of time, and pages that together are the whole.
#include <set>

#include "support/scenario.h"

namespace ldt::testing {
namespace {

class Listing : public Scenario {
 protected:
  std::vector<std::string> place_orders(int count, const OrderRequest& request) {
    std::vector<std::string> ids;
    for (int i = 0; i < count; ++i) ids.push_back(client.place(request).body.at("id"));
    return ids;
  }

  std::vector<std::string> ids_of(const std::string& query) {
    std::vector<std::string> ids;
    for (const auto& order : client.orders(query)) ids.push_back(order.at("id"));
    return ids;
  }

  std::string user_ = new_user();
  std::string sku_ = new_sku(10, 1000);
};

TEST_F(Listing, ShowsTheNewestOrderFirst) {
  auto ids = place_orders(5, {.user = user_, .sku = sku_});
  std::reverse(ids.begin(), ids.end());
  EXPECT_EQ(ids_of("user=" + percent_encoded(user_)), ids);
}

TEST_F(Listing, ByPagesShowsEachOrderOnceWhileNewOnesArrive) {
  const auto ids = place_orders(7, {.user = user_, .sku = sku_});
  std::vector<std::string> seen;
  std::string cursor;
  do {
    const auto page = client.send(
        "GET", "/v1/orders?limit=2&user=" + percent_encoded(user_) + (cursor.empty() ? "" : "&cursor=" + cursor));
    ASSERT_EQ(page.status, 200) << page;
    EXPECT_LE(page.body.at("orders").size(), 2u);
    for (const auto& order : page.body.at("orders")) seen.push_back(order.at("id"));
    place_orders(1, {.user = user_, .sku = sku_});
    cursor = percent_encoded(text_of(page.body, "next_cursor"));
  } while (!cursor.empty());
  std::reverse(seen.begin(), seen.end());
  EXPECT_EQ(seen, ids);
}

TEST_F(Listing, FiltersByStateOutcomeAndFailedStep) {
  const Handling once{.max_attempts = 1, .step_timeout_ms = 250};
  const auto good = place_orders(2, {.user = user_, .sku = sku_}).back();
  const auto poor = place_orders(1, {.user = user_, .sku = sku_, .quantity = 999}).back();
  const auto timed_out =
      place_orders(
          1,
          {.user = user_, .sku = sku_, .failures = {{.step = "delivery.deliver", .kind = "TIMEOUT"}}, .handling = once})
          .back();
  auto hold = once;
  hold.on_failure = "HOLD";
  const auto held = place_orders(1, {.user = user_,
                                     .sku = sku_,
                                     .failures = {{.step = "inventory.reserve", .kind = "UNKNOWN"}},
                                     .handling = hold})
                        .back();
  const std::string of_user = "user=" + percent_encoded(user_) + "&";
  EXPECT_EQ(ids_of(of_user + "state=COMPLETED").size(), 2u);
  EXPECT_EQ(ids_of(of_user + "state=COMPLETED").front(), good);
  EXPECT_EQ(ids_of(of_user + "state=REVERTED"), (std::vector{timed_out, poor}));
  EXPECT_EQ(ids_of(of_user + "state=HELD"), std::vector{held});
  EXPECT_EQ(ids_of(of_user + "state=RUNNING"), std::vector<std::string>{});
  EXPECT_EQ(ids_of(of_user + "outcome=INSUFFICIENT_FUND"), std::vector{poor});
  EXPECT_EQ(ids_of(of_user + "outcome=TIMEOUT"), std::vector{timed_out});
  EXPECT_EQ(ids_of(of_user + "outcome=SUCCESS").size(), 2u);
  EXPECT_EQ(ids_of(of_user + "failed_step=payment.charge"), std::vector{poor});
  EXPECT_EQ(ids_of(of_user + "failed_step=delivery.deliver&outcome=TIMEOUT"), std::vector{timed_out});
  EXPECT_EQ(ids_of(of_user + "failed_step=delivery.deliver&outcome=SUCCESS"), std::vector<std::string>{});
  EXPECT_TRUE(client.cancel(held).ok());
}

TEST_F(Listing, OfTheLedgerAndTheWalletGoesByPagesToo) {
  place_orders(6, {.user = user_, .sku = sku_, .quantity = 2});
  for (const auto& [path, list, whole] :
       {std::tuple{"/v1/accounts/", "entries", 7u}, std::tuple{"/v1/wallets/", "tokens", 12u}}) {
    std::set<std::string> seen;
    std::string cursor;
    do {
      const auto page =
          client.send("GET", path + percent_encoded(user_) + "?limit=2" + (cursor.empty() ? "" : "&cursor=" + cursor));
      ASSERT_EQ(page.status, 200) << page;
      for (const auto& item : page.body.at(list)) EXPECT_TRUE(seen.insert(item.dump()).second) << item;
      cursor = percent_encoded(text_of(page.body, "next_cursor"));
    } while (!cursor.empty());
    EXPECT_EQ(seen.size(), whole) << path;
  }
}

TEST_F(Listing, OfTheInventoryHoldsEverySkuWithItsNumbers) {
  place_orders(1, {.user = user_, .sku = sku_, .quantity = 3});
  const auto answer = client.send("GET", "/v1/inventory?limit=500");
  ASSERT_EQ(answer.status, 200) << answer;
  EXPECT_NE(answer.text.find("\"late-day\""), std::string::npos);
  const auto one = client.send("GET", "/v1/inventory/" + sku_);
  EXPECT_EQ(one.body.at("sku"), sku_);
  EXPECT_EQ(client.stock(sku_), (Stock{10, 997, 0, 3}));
}

}  // namespace
}  // namespace ldt::testing
