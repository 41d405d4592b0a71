// Random mixtures of failure instructions, handlings, users short of money and SKUs short of stock, many at a time: each
// order must end as the oracle foretells. LDT_MIX_ORDERS sets how many orders; LDT_SEED replays a run.
#include <cstdlib>
#include <random>

#include "support/scenario.h"

namespace ldt::testing {
namespace {

constexpr int kDefaultOrders = 300;
constexpr std::int64_t kPrice = 10;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// Draws orders. The same seed draws the same ones.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  bool chance(int percent) { return between(1, 100) <= percent; }
  int between(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  template <class Container>
  const auto& one_of(const Container& all) {
    return all[static_cast<std::size_t>(between(0, static_cast<int>(std::size(all)) - 1))];
  }

  Handling handling() {
    Handling drawn{.max_attempts = between(1, 4), .step_timeout_ms = between(40, 120)};
    if (chance(20)) drawn.on_failure = "HOLD";
    return drawn;
  }

  Failure failure(const Handling& handling) {
    static const std::vector<std::string> kSteps{"order.accept",    "payment.charge",    "inventory.reserve", "delivery.deliver",
                                                 "delivery.revoke", "inventory.release", "payment.refund",    "order.finish"};
    static const std::vector<std::string> kKinds{"TIMEOUT", "UNKNOWN", "DELAY", "REFUSE"};
    Failure drawn{.step = one_of(kSteps), .kind = one_of(kKinds)};
    const bool refusable = drawn.step == "order.accept" || drawn.step == "payment.charge" ||
                           drawn.step == "inventory.reserve" || drawn.step == "delivery.deliver";
    if (drawn.kind == "REFUSE" && !refusable) drawn.kind = "UNKNOWN";
    if (drawn.kind != "REFUSE" && chance(50)) drawn.effect = "APPLIED";
    if (drawn.kind == "DELAY") drawn.delay_ms = between(1, handling.step_timeout_ms / 3);
    if (chance(60)) drawn.attempts = between(1, 3);
    return drawn;
  }

 private:
  std::mt19937_64 random_;
};

class Mixture : public Scenario {
 protected:
  struct Drawn {
    OrderRequest request;
    Situation situation;
  };

  Drawn draw(Dice& dice) {
    const bool scarce = dice.chance(10);
    Drawn drawn{{.user = new_user(), .sku = scarce ? empty_sku_ : sku_}, {.stock = scarce ? 0 : kStock, .price = kPrice}};
    auto& request = drawn.request;
    request.quantity = dice.chance(10) ? dice.between(51, 60) : dice.between(1, 5);
    request.handling = dice.handling();
    const int failures = dice.chance(20) ? 0 : dice.between(1, 3);
    for (int i = 0; i < failures; ++i) request.failures.push_back(dice.failure(request.handling));
    return drawn;
  }

  void compare(const Drawn& drawn) {
    Client own = market.client();
    const auto order = place_and_compare(own, drawn.request, drawn.situation);
    if (order.is_null() || order.at("state") != "HELD") return;
    const std::string id = order.at("id");
    EXPECT_TRUE(own.cancel(id).ok());
    EXPECT_EQ(own.order_at_its_end(id).at("outcome"), "CANCELLED");
  }

  static constexpr std::int64_t kStock = 1'000'000;
  std::string sku_ = new_sku(kPrice, kStock);
  std::string empty_sku_ = new_sku(kPrice, 0);
};

TEST_F(Mixture, OfRandomFailuresEndsAsForetold) {
  const auto seed = number_from("LDT_SEED", std::random_device{}());
  std::printf("seed: LDT_SEED=%llu\n", static_cast<unsigned long long>(seed));
  Dice dice(seed);
  std::vector<Drawn> all(number_from("LDT_MIX_ORDERS", kDefaultOrders));
  for (auto& drawn : all) drawn = draw(dice);
  in_parallel(static_cast<int>(all.size()), 32, [&](int i) { compare(all[static_cast<std::size_t>(i)]); });
}

}  // namespace
}  // namespace ldt::testing
