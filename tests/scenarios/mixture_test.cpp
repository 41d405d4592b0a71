// Random mixtures of failure instructions, handlings, users short of money and SKUs short of stock, many at a time:
// each order must end as the oracle foretells. LDT_MIX_ORDERS and LDT_MIX_CRASH_ORDERS set how many; LDT_SEED replays a
// run.
#include <cstdlib>
#include <random>

#include "support/dice.h"
#include "support/scenario.h"

namespace ldt::testing {
namespace {

constexpr int kDefaultOrders = 300;
constexpr int kDefaultCrashOrders = 100;
constexpr std::int64_t kPrice = 10;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

class Mixture : public Scenario {
 protected:
  struct Drawn {
    OrderRequest request;
    Situation situation;
  };

  /// What the seed says: printed, so that the run can be repeated.
  static Dice dice() {
    const auto seed = number_from("LDT_SEED", std::random_device{}());
    std::printf("seed: LDT_SEED=%llu\n", static_cast<unsigned long long>(seed));
    return Dice(seed);
  }

  Drawn draw(Dice& dice, const Handling& handling) {
    const bool scarce = dice.chance(10);
    Drawn drawn{{.user = new_user(), .sku = scarce ? empty_sku_ : sku_},
                {.stock = scarce ? 0 : kStock, .price = kPrice}};
    drawn.request.quantity = dice.chance(10) ? dice.between(51, 60) : dice.between(1, 5);
    drawn.request.handling = handling;
    if (dice.chance(20)) drawn.request.handling.on_failure = "HOLD";
    return drawn;
  }

  void end_what_is_held(Client& own, const Json& order) {
    if (order.is_null() || order.at("state") != "HELD") return;
    const std::string id = order.at("id");
    EXPECT_TRUE(own.cancel(id).ok());
    EXPECT_EQ(own.order_at_its_end(id).at("outcome"), "CANCELLED");
  }

  /// As a careful client: under a key, again and again, whoever's crash broke the connection.
  void place_until_answered_and_compare(const Drawn& drawn) {
    Client own = market.client();
    const auto key = idempotency_key(drawn.request.user);
    Answer answer;
    const auto answered = [&] {
      answer = own.place(drawn.request, {{"Idempotency-Key", key}});
      return answer.arrived() && answer.status != 503 && answer.status != 409;
    };
    ASSERT_TRUE(eventually(answered, std::chrono::seconds(60))) << describe(drawn.request) << "\n" << answer;
    ASSERT_TRUE(answer.ok()) << describe(drawn.request) << "\n" << answer;
    const End end = documented_end(drawn.request, drawn.situation);
    const std::string id = answer.body.at("id");
    const auto order = end.state == "HELD" ? own.order_in_state(id, "HELD") : own.order_at_its_end(id);
    expect_end(order, end, describe(drawn.request));
    end_what_is_held(own, order);
  }

  static constexpr std::int64_t kStock = 1'000'000;
  std::string sku_ = new_sku(kPrice, kStock);
  std::string empty_sku_ = new_sku(kPrice, 0);
};

TEST_F(Mixture, OfRandomFailuresEndsAsForetold) {
  std::vector<std::string> steps = kDoSteps;
  steps.insert(steps.end(), kUndoSteps.begin(), kUndoSteps.end());
  steps.insert(steps.end(), {"order.accept", "order.finish"});
  Dice random = dice();
  std::vector<Drawn> all;
  for (auto left = number_from("LDT_MIX_ORDERS", kDefaultOrders); left > 0; --left) {
    const Handling handling{.max_attempts = random.between(1, 4), .step_timeout_ms = random.between(300, 500)};
    all.push_back(draw(random, handling));
    const int failures = random.chance(20) ? 0 : random.between(1, 3);
    for (int i = 0; i < failures; ++i) {
      all.back().request.failures.push_back(random.failure(steps, {"TIMEOUT", "UNKNOWN", "DELAY", "REFUSE"}, handling));
    }
  }
  in_parallel(static_cast<int>(all.size()), 32, [&](int i) {
    Client own = market.client();
    const auto& [request, situation] = all[static_cast<std::size_t>(i)];
    end_what_is_held(own, place_and_compare(own, request, situation));
  });
}

TEST_F(Mixture, OfRandomFailuresAndCrashesEndsAsForetold) {
  std::vector<std::string> steps = kDoSteps;
  steps.insert(steps.end(), kUndoSteps.begin(), kUndoSteps.end());
  Dice random = dice();
  std::vector<Drawn> all;
  for (auto left = number_from("LDT_MIX_CRASH_ORDERS", kDefaultCrashOrders); left > 0; --left) {
    // In a cluster, what waited for a replica that crashed goes on at another one, which takes its time from the
    // attempt.
    const Handling handling{.max_attempts = random.between(2, 4), .step_timeout_ms = runs_as_cluster() ? 1'500 : 500};
    all.push_back(draw(random, handling));
    auto& failures = all.back().request.failures;
    if (random.chance(40))
      failures.push_back(random.failure(steps, {"TIMEOUT", "UNKNOWN", "DELAY", "REFUSE"}, handling));
    if (random.chance(15)) failures.push_back(random.failure(steps, {"CRASH"}, handling));
    if (random.chance(2)) failures.push_back(random.failure({"order.finish"}, {"CRASH"}, handling));
  }
  in_parallel(static_cast<int>(all.size()), 16,
              [&](int i) { place_until_answered_and_compare(all[static_cast<std::size_t>(i)]); });
}

}  // namespace
}  // namespace ldt::testing
