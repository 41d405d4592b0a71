// Every step that drives an order forward, failing in every way, before and after its effect: compared with the oracle.
#include <algorithm>
#include <future>
#include <map>

#include "support/scenario.h"

namespace ldt::testing {
namespace {

const std::vector<std::string> kForwardSteps{"order.accept", "payment.charge", "inventory.reserve", "delivery.deliver"};
const std::vector<std::string> kBothEffects{"NONE", "APPLIED"};
// Short, so that a TIMEOUT does not take long, but long enough for a busy machine to answer what is not struck.
constexpr Handling kFast{.max_attempts = 3, .step_timeout_ms = 250};
// A service that died is started again meanwhile, so that the next attempt finds it.
constexpr Handling kPatient{.max_attempts = 3, .step_timeout_ms = 3000};

class EveryFailure : public Scenario {
 protected:
  /// Places one order per list of failures, each with a user and a SKU of its own, and compares each with the oracle.
  void compare_all(const std::vector<std::vector<Failure>>& rows, const Handling& handling, int threads) {
    std::vector<OrderRequest> requests;
    for (const auto& failures : rows) {
      requests.push_back({.user = new_user(), .sku = sku_, .quantity = 2, .failures = failures, .handling = handling});
    }
    in_parallel(static_cast<int>(requests.size()), threads, [&](int i) {
      Client own = market.client();
      const auto& request = requests[static_cast<std::size_t>(i)];
      const auto order = place_and_compare(own, request, {.stock = 1000, .price = 10});
      if (!order.is_null()) expect_instructions_shown(request, order);
    });
  }

  static void expect_instructions_shown(const OrderRequest& request, const Json& order) {
    const auto& shown = order.at("failures");
    ASSERT_EQ(shown.size(), request.failures.size()) << order.dump(2);
    for (std::size_t i = 0; i < shown.size(); ++i) {
      EXPECT_EQ(shown[i].at("step"), request.failures[i].step);
      EXPECT_EQ(shown[i].at("kind"), request.failures[i].kind);
      EXPECT_EQ(shown[i].at("effect"), request.failures[i].effect);
      EXPECT_GE(shown[i].at("struck").get<int>(), 1) << describe(request) << "\n" << order.dump(2);
    }
  }

  std::string sku_ = new_sku(10, 1000);
};

TEST_F(EveryFailure, OfSilenceOrErrorEndsAsDocumentedHoweverOftenItStrikes) {
  std::vector<std::vector<Failure>> rows;
  for (const auto& step : kForwardSteps) {
    for (const std::string kind : {"TIMEOUT", "UNKNOWN"}) {
      for (const auto& effect : kBothEffects) {
        for (const std::optional<int> attempts :
             {std::optional<int>(), std::optional(1), std::optional(2), std::optional(3)}) {
          rows.push_back({{.step = step, .kind = kind, .effect = effect, .attempts = attempts}});
        }
      }
    }
  }
  compare_all(rows, kFast, 16);
}

TEST_F(EveryFailure, OfTwoKindsIsATimeoutOnlyIfEveryAttemptTimedOut) {
  std::vector<std::vector<Failure>> rows;
  for (const auto& step : kForwardSteps) {
    rows.push_back({{.step = step, .kind = "TIMEOUT", .attempts = 2}, {.step = step, .kind = "UNKNOWN"}});
    rows.push_back({{.step = step, .kind = "UNKNOWN", .attempts = 1}, {.step = step, .kind = "TIMEOUT"}});
    rows.push_back(
        {{.step = step, .kind = "TIMEOUT", .attempts = 1}, {.step = step, .kind = "TIMEOUT", .attempts = 2}});
    rows.push_back(
        {{.step = step, .kind = "UNKNOWN", .attempts = 1}, {.step = step, .kind = "TIMEOUT", .attempts = 1}});
  }
  compare_all(rows, kFast, 16);
}

TEST_F(EveryFailure, ThatIsOnlyADelayLetsTheOrderComplete) {
  std::vector<std::vector<Failure>> rows;
  for (const auto& step : kForwardSteps) {
    for (const auto& effect : kBothEffects)
      rows.push_back({{.step = step, .kind = "DELAY", .effect = effect, .delay_ms = 30}});
  }
  rows.push_back({{.step = "order.finish", .kind = "DELAY", .delay_ms = 30}});
  compare_all(rows, kPatient, 8);
}

TEST_F(EveryFailure, ThatIsARefusalRevertsWithTheOutcomeOfItsStep) {
  std::vector<std::vector<Failure>> rows;
  for (const auto& step : kForwardSteps) {
    rows.push_back({{.step = step, .kind = "REFUSE"}});
    rows.push_back({{.step = step, .kind = "TIMEOUT", .attempts = 1}, {.step = step, .kind = "REFUSE"}});
  }
  compare_all(rows, kFast, 8);
}

TEST_F(EveryFailure, AtTheSameTimeAtSeveralStepsEndsAtTheFirstThatFails) {
  compare_all({{{.step = "payment.charge", .kind = "TIMEOUT", .attempts = 1},
                {.step = "inventory.reserve", .kind = "UNKNOWN", .effect = "APPLIED", .attempts = 2},
                {.step = "delivery.deliver", .kind = "TIMEOUT", .effect = "APPLIED"}},
               {{.step = "payment.charge", .kind = "UNKNOWN", .effect = "APPLIED", .attempts = 1},
                {.step = "inventory.reserve", .kind = "REFUSE"}},
               {{.step = "payment.charge", .kind = "DELAY", .delay_ms = 20},
                {.step = "delivery.deliver", .kind = "UNKNOWN", .attempts = 2}}},
              kFast, 3);
}

TEST_F(EveryFailure, OfASingleAttemptIsNotTriedAgain) {
  std::vector<std::vector<Failure>> rows;
  for (const auto& step : kForwardSteps) {
    for (const std::string kind : {"TIMEOUT", "UNKNOWN"}) rows.push_back({{.step = step, .kind = kind, .attempts = 1}});
  }
  compare_all(rows, {.max_attempts = 1, .step_timeout_ms = 250}, 8);
}

TEST_F(EveryFailure, OfTheProcessOfAParticipantLetsTheOrderCompleteAfterItsRestart) {
  std::vector<std::vector<Failure>> rows;
  for (const std::string step : {"payment.charge", "inventory.reserve", "delivery.deliver"}) {
    for (const auto& effect : kBothEffects) rows.push_back({{.step = step, .kind = "CRASH", .effect = effect}});
  }
  compare_all(rows, kPatient, 1);
}

TEST_F(EveryFailure, ThatIsACrashEndsTheProcessAndNoOther) {
  for (const auto& [step, service] :
       {std::pair{"payment.charge", "payment"}, std::pair{"inventory.reserve", "inventory"},
        std::pair{"delivery.deliver", "delivery"}}) {
    for (const auto& effect : kBothEffects) {
      std::map<std::string, std::vector<pid_t>> before;
      for (const auto& each : kServices) before[each] = market.processes_of(each);
      compare_all({{{.step = step, .kind = "CRASH", .effect = effect}}}, kPatient, 1);
      for (const auto& each : kServices) {
        const auto ended =
            std::count_if(before[each].begin(), before[each].end(), [](auto pid) { return !is_running(pid); });
        EXPECT_EQ(ended, each == service ? 1 : 0) << each << " when " << step << " crashed";
      }
    }
  }
}

TEST_F(EveryFailure, OfTheOrderProcessLosesTheConnectionButNoOrder) {
  compare_all({{{.step = "order.accept", .kind = "CRASH"}},
               {{.step = "order.accept", .kind = "CRASH", .effect = "APPLIED"}},
               {{.step = "order.finish", .kind = "CRASH"}},
               {{.step = "order.finish", .kind = "CRASH", .effect = "APPLIED"}}},
              kPatient, 1);
}

// The attempts that an order may make are not made anew by an engine that recovers it: strikes that are spent count.
TEST_F(EveryFailure, EndsTheSameWhenTheOrderServiceDiesBetweenItsStrikes) {
  for (const std::string step : {"payment.charge", "inventory.reserve", "delivery.deliver"}) {
    const OrderRequest request{.user = new_user(),
                               .sku = sku_,
                               .failures = {{.step = step, .kind = "TIMEOUT", .effect = "APPLIED", .attempts = 2}},
                               .handling = {.max_attempts = 2, .step_timeout_ms = 400}};
    const auto placed = client.place(request, {{"Prefer", "wait=0"}});
    ASSERT_EQ(placed.status, 202) << placed;
    const std::string id = placed.body.at("id");
    const auto at_its_second_attempt = [&] {
      const auto steps = client.order(id).at("steps");
      return !steps.empty() && steps.back().at("step") == step && steps.back().at("attempts") == 2;
    };
    ASSERT_TRUE(eventually(at_its_second_attempt)) << client.order(id).dump(2);
    market.kill_service("order");
    market.wait_until_ready();
    expect_end(client.order_at_its_end(id), documented_end(request, {.stock = 1000, .price = 10}), describe(request));
  }
}

// Its row is durable while nobody has been told: an engine that finds it comes to the end that it was on the way to.
TEST_F(EveryFailure, EndsTheSameWhenTheOrderServiceDiesWhileAcceptIsInDoubt) {
  for (const std::string kind : {"TIMEOUT", "UNKNOWN"}) {
    const OrderRequest request{
        .user = new_user(),
        .sku = sku_,
        .failures = {{.step = "order.accept", .kind = "TIMEOUT", .effect = "APPLIED", .attempts = 1},
                     {.step = "order.accept", .kind = kind, .effect = "APPLIED"}},
        .handling = {.max_attempts = 2, .step_timeout_ms = 1'500}};
    const auto answer = std::async(std::launch::async, [&] { return market.client().place(request); });
    ASSERT_TRUE(eventually([&] { return !orders_of(request.user).empty(); })) << "its row is never there";
    market.kill_service("order");
    market.wait_until_ready();
    answer.wait();
    const auto orders = orders_of(request.user);
    ASSERT_EQ(orders.size(), 1U);
    expect_end(client.order_at_its_end(orders[0].at("id")), documented_end(request, {.stock = 1000, .price = 10}),
               describe(request));
  }
}

TEST_F(EveryFailure, OfFinishingIsTriedAgainUntilTheOrderIsFinished) {
  std::vector<std::vector<Failure>> rows;
  for (const std::string kind : {"TIMEOUT", "UNKNOWN"}) {
    for (const auto& effect : kBothEffects) {
      for (const int attempts : {1, 4}) {
        rows.push_back({{.step = "order.finish", .kind = kind, .effect = effect, .attempts = attempts}});
        rows.push_back({{.step = "delivery.deliver", .kind = "REFUSE"},
                        {.step = "order.finish", .kind = kind, .effect = effect, .attempts = attempts}});
      }
    }
  }
  compare_all(rows, kFast, 8);
}

TEST_F(EveryFailure, ChangesNothingForAnOrderThatIsShortOfMoneyOrStock) {
  const auto scarce = new_sku(10, 1);
  std::vector<OrderRequest> requests;
  for (const auto& step : kForwardSteps) {
    for (const std::int64_t quantity : {2, 51}) {
      requests.push_back({.user = new_user(), .sku = scarce, .quantity = quantity, .handling = kFast});
      requests.back().failures = {{.step = step, .kind = "TIMEOUT", .effect = "APPLIED", .attempts = 1}};
    }
  }
  in_parallel(static_cast<int>(requests.size()), 8, [&](int i) {
    Client own = market.client();
    place_and_compare(own, requests[static_cast<std::size_t>(i)], {.stock = 1, .price = 10});
  });
}

}  // namespace
}  // namespace ldt::testing
