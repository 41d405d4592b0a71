// Orders that race for the last token or the last credit: exactly as many win as there is.
#include <atomic>

#include "support/scenario.h"

namespace ldt::testing {
namespace {

class Race : public Scenario {
 protected:
  /// Places all at the same time; returns how many completed. The others must have lost with `outcome`.
  int winners_among(const std::vector<OrderRequest>& requests, const std::string& outcome) {
    std::atomic<int> won{0};
    const int count = static_cast<int>(requests.size());
    in_parallel(count, count, [&](int i) {
      Client own = market.client();
      const auto answer = own.place(requests[static_cast<std::size_t>(i)]);
      ASSERT_EQ(answer.status, 201) << answer;
      const std::string end = answer.body.at("outcome");
      EXPECT_TRUE(end == "SUCCESS" || end == outcome) << answer;
      won += end == "SUCCESS" ? 1 : 0;
    });
    return won;
  }
};

TEST_F(Race, ForTheLastTokenIsWonByExactlyOneOfTwo) {
  for (int round = 0; round < 20; ++round) {
    const auto sku = new_sku(10, 1);
    EXPECT_EQ(
        winners_among({{.user = new_user(), .sku = sku}, {.user = new_user(), .sku = sku}}, "INSUFFICIENT_INVENTORY"),
        1);
  }
}

TEST_F(Race, ForTheLastTokenIsWonByExactlyOneOfMany) {
  const auto sku = new_sku(10, 1);
  std::vector<OrderRequest> requests;
  for (int i = 0; i < 32; ++i) requests.push_back({.user = new_user(), .sku = sku});
  EXPECT_EQ(winners_among(requests, "INSUFFICIENT_INVENTORY"), 1);
}

TEST_F(Race, ForTheLastCreditIsWonByExactlyOneOfTwo) {
  const auto sku = new_sku(500, 100);
  for (int round = 0; round < 20; ++round) {
    const auto user = new_user();
    EXPECT_EQ(winners_among({{.user = user, .sku = sku}, {.user = user, .sku = sku}}, "INSUFFICIENT_FUND"), 1);
    EXPECT_EQ(client.credits(user), 0);
  }
}

TEST_F(Race, ForTheLastCreditIsWonByExactlyOneOfMany) {
  const std::vector<OrderRequest> requests(32, {.user = new_user(), .sku = new_sku(500, 100)});
  EXPECT_EQ(winners_among(requests, "INSUFFICIENT_FUND"), 1);
}

TEST_F(Race, ForAFewTokensIsWonByExactlyAsMany) {
  const auto sku = new_sku(1, 7);
  std::vector<OrderRequest> requests;
  for (int i = 0; i < 24; ++i) requests.push_back({.user = new_user(), .sku = sku});
  EXPECT_EQ(winners_among(requests, "INSUFFICIENT_INVENTORY"), 7);
}

TEST_F(Race, ForStockThatAnUndecidedOrderHoldsLeavesNothingBehind) {
  const auto sku = new_sku(10, 1);
  std::vector<OrderRequest> requests;
  for (int i = 0; i < 16; ++i) {
    requests.push_back({.user = new_user(), .sku = sku, .handling = {.max_attempts = 1, .step_timeout_ms = 250}});
    requests.back().failures = {
        {.step = "delivery.deliver", .kind = "TIMEOUT", .effect = i % 2 == 0 ? "NONE" : "APPLIED"}};
  }
  in_parallel(16, 16, [&](int i) {
    Client own = market.client();
    const auto answer = own.place(requests[static_cast<std::size_t>(i)]);
    ASSERT_EQ(answer.status, 201) << answer;
    EXPECT_EQ(answer.body.at("state"), "REVERTED") << answer;
  });
  EXPECT_EQ(client.stock(sku), (Stock{10, 1, 0, 0}));
}

}  // namespace
}  // namespace ldt::testing
