// What a run's clients want: drawn from the seed. Few tokens, few credits, and failure instructions of every kind.
// Depends on the saga's vocabulary. Invariant: every instruction passes saga::check, as the HTTP front sees to.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "services/order/orders.h"
#include "simulation/random.h"
#include "simulation/world.h"

namespace ldt::simulation {

struct WantedOrder {
  order::NewOrder order;
  std::chrono::milliseconds wait{};
  Micros begins = 0;  // after the start
};

struct WantedChange {
  saga::Participant participant = saga::Participant::kPayment;
  std::string holder;
  std::int64_t amount = 0;
  bool price = false;
  Micros begins = 0;
};

struct Workload {
  Credits initial_credits;
  std::vector<WantedChange> changes;
  std::vector<WantedOrder> orders;
};

/// @param span  orders begin within it
[[nodiscard]] Workload draw_workload(Random& random, Micros span);

}  // namespace ldt::simulation
