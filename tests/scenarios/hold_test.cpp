// Held orders: nothing is undone, over restarts too, until they are retried or cancelled.
#include "support/scenario.h"

namespace ldt::testing {
namespace {

const std::vector<std::string> kSteps{"payment.charge", "inventory.reserve", "delivery.deliver"};

class HeldOrder : public Scenario {
 protected:
  OrderRequest request_failing_at(const std::string& step, const std::string& kind, const std::string& effect) {
    return {.user = new_user(),
            .sku = sku_,
            .quantity = 2,
            .failures = {{.step = step, .kind = kind, .effect = effect, .attempts = 2}},
            .handling = {.max_attempts = 2, .step_timeout_ms = 250, .on_failure = "HOLD"}};
  }

  /// Places orders that end HELD: each step, kind and effect.
  std::vector<std::string> hold_all() {
    std::vector<OrderRequest> requests;
    for (const auto& step : kSteps) {
      for (const std::string kind : {"TIMEOUT", "UNKNOWN"}) {
        for (const std::string effect : {"NONE", "APPLIED"}) requests.push_back(request_failing_at(step, kind, effect));
      }
    }
    std::vector<std::string> ids(requests.size());
    in_parallel(static_cast<int>(requests.size()), 12, [&](int i) {
      Client own = market.client();
      const auto order = place_and_compare(own, requests[static_cast<std::size_t>(i)], {.stock = 1000, .price = 10});
      ids[static_cast<std::size_t>(i)] = order.at("id");
    });
    return ids;
  }

  void expect_all_held(const std::vector<std::string>& ids) {
    for (const auto& id : ids) EXPECT_EQ(client.order(id).at("state"), "HELD");
  }

  /// Until it ends. Where everything has just been started, a step may take longer than an attempt's 250 ms, and the
  /// order is held again, by nobody's instruction.
  void retry_until_it_ends(const std::string& id) {
    Json order;
    EXPECT_TRUE(eventually([&] {
      order = client.order(id);
      if (text_of(order, "state") == "HELD") {
        const auto answer = client.retry(id);
        EXPECT_TRUE(answer.ok() || answer.status == 409) << answer;  // it may have gone on
      }
      return is_final(order);
    })) << order.dump(2);
    expect_end(order, {}, "retried after the restart");
    for (const auto& failure : order.at("failures")) EXPECT_EQ(failure.at("struck").get<int>(), 2) << order.dump(2);
  }

  std::string sku_ = new_sku(10, 1000);
};

TEST_F(HeldOrder, GoesOnFromTheFailedStepWhenItIsRetried) {
  for (const auto& id : hold_all()) {
    const auto answer = client.retry(id);
    EXPECT_TRUE(answer.ok()) << answer;
    expect_end(client.order_at_its_end(id), {}, "retried");
  }
}

TEST_F(HeldOrder, IsRevertedWhenItIsCancelled) {
  for (const auto& id : hold_all()) {
    const auto answer = client.cancel(id);
    EXPECT_TRUE(answer.ok()) << answer;
    const auto order = client.order_at_its_end(id);
    EXPECT_EQ(order.at("state"), "REVERTED");
    EXPECT_EQ(order.at("outcome"), "CANCELLED");
  }
}

TEST_F(HeldOrder, KeepsWhatWasTakenWhileItWaits) {
  const auto request = request_failing_at("delivery.deliver", "TIMEOUT", "NONE");
  const std::string id = client.place(request).body.at("id");
  EXPECT_EQ(client.credits(request.user), kInitialCredits - 20) << "charged, not refunded";
  EXPECT_EQ(client.stock(sku_).reserved, 2);
  EXPECT_EQ(client.tokens(request.user), 0);
  const auto audit = client.audit();
  EXPECT_TRUE(audit.at("ok").get<bool>()) << audit.dump(2);
  EXPECT_GE(audit.at("credits").at("charges_in_flight"), 20);
  EXPECT_TRUE(client.cancel(id).ok());
}

TEST_F(HeldOrder, RevertsForABusinessRefusalAllTheSame) {
  place_and_compare(client, {.user = new_user(), .sku = sku_, .quantity = 51, .handling = {.on_failure = "HOLD"}},
                    {.stock = 1000, .price = 10});
}

TEST_F(HeldOrder, IsHeldAgainWhenTheRetryFailsToo) {
  auto request = request_failing_at("inventory.reserve", "TIMEOUT", "NONE");
  request.failures.front().attempts = 4;
  const std::string id = client.place(request).body.at("id");
  EXPECT_TRUE(client.retry(id).ok());
  const auto held_again = [&] {
    const auto order = client.order(id);
    return order.at("state") == "HELD" && order.at("failures").at(0).at("struck") == 4;
  };
  EXPECT_TRUE(eventually(held_again)) << client.order(id).dump(2);
  EXPECT_TRUE(client.retry(id).ok());
  expect_end(client.order_at_its_end(id), {}, "retried twice");
}

TEST_F(HeldOrder, WaitsOverAnOrderlyRestartAndThenGoesOn) {
  const auto ids = hold_all();
  EXPECT_EQ(market.stop().exit_code, 0);
  market.start();
  expect_all_held(ids);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (i % 2 == 0) {
      retry_until_it_ends(ids[i]);
    } else {
      EXPECT_TRUE(client.cancel(ids[i]).ok());
      EXPECT_EQ(text_of(client.order_at_its_end(ids[i]), "outcome"), "CANCELLED");
    }
  }
}

TEST_F(HeldOrder, WaitsOverAKillOfEverythingAndThenGoesOn) {
  const auto ids = hold_all();
  market.kill_everything();
  market.start();
  expect_all_held(ids);
  for (const auto& id : ids) retry_until_it_ends(id);
}

TEST_F(HeldOrder, IsTheOnlyOneThatCanBeRetried) {
  const auto done = client.place(OrderRequest{.user = new_user(), .sku = sku_}).body;
  const auto problem = expect_problem(client.retry(done.at("id")), 409);
  EXPECT_EQ(problem.at("state"), "COMPLETED");
}

}  // namespace
}  // namespace ldt::testing
