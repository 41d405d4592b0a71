// Draws failure instructions and the like. The same seed draws the same ones.
// Depends on the standard library's random numbers. Invariant: what is drawn, the API takes.
#pragma once

#include <cstdint>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "support/order_request.h"

namespace ldt::testing {

inline const std::vector<std::string> kDoSteps{"payment.charge", "inventory.reserve", "delivery.deliver"};
inline const std::vector<std::string> kUndoSteps{"delivery.revoke", "inventory.release", "payment.refund"};

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  bool chance(int percent) { return between(1, 100) <= percent; }
  int between(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  template <class Container>
  const auto& one_of(const Container& all) {
    return all[static_cast<std::size_t>(between(0, static_cast<int>(std::size(all)) - 1))];
  }

  Failure failure(const std::vector<std::string>& steps, const std::vector<std::string>& kinds,
                  const Handling& handling) {
    static const std::set<std::string> kRefusable{"order.accept", "payment.charge", "inventory.reserve",
                                                  "delivery.deliver"};
    Failure drawn{.step = one_of(steps), .kind = one_of(kinds)};
    if (drawn.kind == "REFUSE" && !kRefusable.contains(drawn.step)) drawn.kind = "UNKNOWN";
    if (drawn.kind != "REFUSE" && chance(50)) drawn.effect = "APPLIED";
    if (drawn.kind == "CRASH") return drawn;  // once
    if (drawn.kind == "DELAY") drawn.delay_ms = between(1, handling.step_timeout_ms / 3);
    if (chance(60)) drawn.attempts = between(1, 3);
    return drawn;
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace ldt::testing
