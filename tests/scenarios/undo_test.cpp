// Undos that fail at first: they are tried until they succeed, and the order ends as if they had succeeded at once.
#include "support/scenario.h"

namespace ldt::testing {
namespace {

class EveryUndo : public Scenario {
 protected:
  void compare_all(const std::vector<std::vector<Failure>>& rows, const Handling& handling, int threads) {
    std::vector<OrderRequest> requests;
    for (const auto& failures : rows) {
      requests.push_back({.user = new_user(), .sku = sku_, .quantity = 3, .failures = failures, .handling = handling});
    }
    in_parallel(static_cast<int>(requests.size()), threads, [&](int i) {
      Client own = market.client();
      const auto& request = requests[static_cast<std::size_t>(i)];
      const auto order = place_and_compare(own, request, {.stock = 1000, .price = 10});
      for (const auto& failure : order.at("failures")) EXPECT_GE(failure.at("struck"), 1) << order.dump(2);
    });
  }

  std::string sku_ = new_sku(10, 1000);
};

const Failure kUnansweredDelivery{.step = "delivery.deliver", .kind = "TIMEOUT", .effect = "APPLIED"};
const Failure kBrokenDelivery{.step = "delivery.deliver", .kind = "UNKNOWN", .effect = "APPLIED"};

TEST_F(EveryUndo, ThatIsSilentOrBrokenAtFirstIsTriedAgain) {
  std::vector<std::vector<Failure>> rows;
  for (const std::string step : {"delivery.revoke", "inventory.release", "payment.refund"}) {
    for (const std::string kind : {"TIMEOUT", "UNKNOWN"}) {
      for (const std::string effect : {"NONE", "APPLIED"}) {
        for (const std::optional<int> attempts : {std::optional<int>(), std::optional(4)}) {
          rows.push_back({kUnansweredDelivery, {.step = step, .kind = kind, .effect = effect, .attempts = attempts}});
        }
      }
    }
  }
  compare_all(rows, {.max_attempts = 2, .step_timeout_ms = 250}, 12);
}

TEST_F(EveryUndo, ThatIsLateIsStillInTime) {
  std::vector<std::vector<Failure>> rows;
  for (const std::string step : {"delivery.revoke", "inventory.release", "payment.refund"}) {
    rows.push_back({kUnansweredDelivery, {.step = step, .kind = "DELAY", .delay_ms = 30}});
  }
  compare_all(rows, {.max_attempts = 1, .step_timeout_ms = 500}, 3);
}

TEST_F(EveryUndo, OfAServiceThatDiesIsDoneAfterItsRestart) {
  std::vector<std::vector<Failure>> rows;
  for (const std::string step : {"delivery.revoke", "inventory.release", "payment.refund"}) {
    for (const std::string effect : {"NONE", "APPLIED"}) {
      rows.push_back({kBrokenDelivery, {.step = step, .kind = "CRASH", .effect = effect}});
    }
  }
  compare_all(rows, {.max_attempts = 1, .step_timeout_ms = 1000}, 1);
}

TEST_F(EveryUndo, FailsInOneOrderWithoutHarmToTheEnd) {
  compare_all({{kUnansweredDelivery,
                {.step = "delivery.revoke", .kind = "TIMEOUT", .effect = "APPLIED", .attempts = 2},
                {.step = "inventory.release", .kind = "UNKNOWN", .attempts = 2},
                {.step = "payment.refund", .kind = "UNKNOWN", .effect = "APPLIED", .attempts = 2},
                {.step = "order.finish", .kind = "TIMEOUT", .attempts = 2}}},
              {.max_attempts = 1, .step_timeout_ms = 250}, 1);
}

TEST_F(EveryUndo, ShowsAsStuckToTheOperatorUntilItSucceeds) {
  const OrderRequest request{
      .user = new_user(),
      .sku = sku_,
      .failures = {kUnansweredDelivery, {.step = "payment.refund", .kind = "UNKNOWN", .attempts = 30}},
      .handling = {.max_attempts = 1, .step_timeout_ms = 250}};
  const auto answer = client.place(request, {{"Prefer", "wait=0"}});
  ASSERT_EQ(answer.status, 202) << answer;
  const std::string id = answer.body.at("id");
  const auto stuck = [&] {
    const auto sagas = client.send("GET", "/v1/sagas?state=STUCK", client.operator_headers());
    return sagas.text.find(id) != std::string::npos;
  };
  EXPECT_TRUE(eventually(stuck, std::chrono::seconds(40)));
  const auto push = [&] {
    client.send("POST", "/v1/sagas/" + id + "/retry", client.operator_headers());
    return is_final(client.order(id));
  };
  // Of a cluster, the replica that drives the order hears of a push through another one within 0.7 s.
  EXPECT_TRUE(eventually(push, std::chrono::seconds(60))) << client.order(id).dump(2);
  expect_end(client.order(id), documented_end(request, {.stock = 1000, .price = 10}), "pushed on by the operator");
  EXPECT_FALSE(stuck());
}

}  // namespace
}  // namespace ldt::testing
