// Cancelling: an order that runs is reverted from wherever it is; one that finished stays as it is.
#include "support/scenario.h"

namespace ldt::testing {
namespace {

class Cancel : public Scenario {
 protected:
  /// An order that is under way at this step for seconds to come.
  std::string order_busy_at(const std::string& step, const std::string& effect) {
    const OrderRequest request{.user = new_user(),
                               .sku = sku_,
                               .failures = {{.step = step, .kind = "TIMEOUT", .effect = effect, .attempts = 1}},
                               .handling = {.step_timeout_ms = 4000}};
    const auto answer = client.place(request, {{"Prefer", "wait=0"}});
    EXPECT_EQ(answer.status, 202) << answer;
    const std::string id = answer.body.at("id");
    const auto busy = [&] {
      const auto order = client.order(id);
      const auto& steps = order.at("steps");
      return !steps.empty() && steps.back().at("step") == step;
    };
    EXPECT_TRUE(eventually(busy)) << client.order(id).dump(2);
    return id;
  }

  std::string sku_ = new_sku(10, 100);
};

TEST_F(Cancel, RevertsAnOrderThatRunsFromWhateverStepItIsAt) {
  for (const std::string step : {"payment.charge", "inventory.reserve", "delivery.deliver"}) {
    for (const std::string effect : {"NONE", "APPLIED"}) {
      const auto id = order_busy_at(step, effect);
      const auto answer = client.cancel(id);
      EXPECT_TRUE(answer.ok()) << answer;
      const auto order = client.order_at_its_end(id);
      // Another replica that takes an order over to cancel it does not know how far it was.
      const bool known = !runs_as_cluster() || text_of(order, "failed_step") != "payment.charge";
      const std::string failed_step = known ? step : "payment.charge";
      expect_end(order, {.state = "REVERTED", .outcome = "CANCELLED", .failed_step = failed_step}, step);
    }
  }
}

TEST_F(Cancel, IsRefusedWithTheStateOfAnOrderThatFinished) {
  const auto completed = client.place(OrderRequest{.user = new_user(), .sku = sku_}).body;
  EXPECT_EQ(expect_problem(client.cancel(completed.at("id")), 409).at("state"), "COMPLETED");
  const auto reverted = client.place(OrderRequest{.user = new_user(), .sku = sku_, .quantity = 99}).body;
  EXPECT_EQ(expect_problem(client.cancel(reverted.at("id")), 409).at("state"), "REVERTED");
  EXPECT_EQ(client.order(completed.at("id")).at("state"), "COMPLETED");
}

TEST_F(Cancel, TwiceIsAsGoodAsOnce) {
  const auto id = order_busy_at("inventory.reserve", "NONE");
  in_parallel(8, 8, [&](int) {
    Client own = market.client();
    const auto answer = own.cancel(id);
    EXPECT_TRUE(answer.ok() || answer.status == 409) << answer;
  });
  EXPECT_EQ(client.order_at_its_end(id).at("outcome"), "CANCELLED");
}

TEST_F(Cancel, ThatRacesWithTheEndLeavesEitherEndWhole) {
  const auto user = new_user_with(1000);
  in_parallel(60, 6, [&](int) {
    Client own = market.client();
    const auto placed = own.place(OrderRequest{.user = user, .sku = sku_}, {{"Prefer", "wait=0"}});
    ASSERT_TRUE(placed.ok()) << placed;
    const std::string id = placed.body.at("id");
    const auto answer = own.cancel(id);
    const auto order = own.order_at_its_end(id);
    if (answer.ok()) EXPECT_EQ(order.at("outcome"), "CANCELLED") << order.dump(2);
    if (answer.status == 409 && order.at("state") == "COMPLETED") EXPECT_EQ(answer.body.at("state"), "COMPLETED");
  });
}

}  // namespace
}  // namespace ldt::testing
