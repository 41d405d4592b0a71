// Draws orders, failure instructions and operators' changes.
#include "simulation/workload.h"

#include <algorithm>

namespace ldt::simulation {

namespace {

using saga::FailureInstruction;
using saga::FailureKind;

std::string sku_name(std::uint64_t number) { return "token-" + std::to_string(number); }
std::string user_name(std::uint64_t number) { return "student-" + std::to_string(number); }

FailureInstruction draw_instruction(Random& random, const saga::Handling& handling) {
  for (;;) {
    FailureInstruction instruction;
    instruction.step = static_cast<saga::Step>(random.below(saga::kStepCount));
    instruction.kind = static_cast<FailureKind>(random.below(5));
    instruction.effect = random.chance(500) ? saga::FailureEffect::kApplied : saga::FailureEffect::kNone;
    if (random.chance(600)) instruction.attempts = static_cast<std::uint32_t>(random.between(1, 3));
    if (instruction.kind == FailureKind::kDelay) {
      instruction.delay = std::chrono::milliseconds(random.between(1, handling.step_timeout.count() - 1));
    }
    if (instruction.kind == FailureKind::kCrash) instruction.attempts = random.chance(800) ? 1 : 2;
    if (!saga::check(instruction, handling)) return instruction;
  }
}

void draw_handling(Random& random, saga::Handling& handling) {
  handling.max_attempts = static_cast<std::uint32_t>(random.between(1, 3));
  handling.step_timeout = std::chrono::milliseconds(random.between(30, 400));
  handling.on_failure = random.chance(400) ? saga::OnFailure::kHold : saga::OnFailure::kRevert;
}

WantedOrder draw_order(Random& random, std::uint64_t number, Micros span) {
  constexpr std::array kWaits{0, 0, 300, 3000};
  WantedOrder wanted;
  auto& order = wanted.order;
  order.user = *UserName::parse(user_name(random.below(4)));
  order.sku = *Sku::parse(random.chance(20) ? "no-such-token" : sku_name(random.below(2)));
  order.quantity = {random.between(1, 3)};
  if (random.chance(100)) order.max_unit_price = Credits{random.between(5, 30)};
  draw_handling(random, order.handling);
  if (random.chance(500)) {
    const auto count = random.between(1, 3);
    for (int i = 0; i < count; ++i) order.failures.push_back(draw_instruction(random, order.handling));
  }
  if (random.chance(850)) order.idempotency_key = "order-" + std::to_string(number);
  order.request_fingerprint = 1000 + number;
  wanted.wait = std::chrono::milliseconds(kWaits.at(random.below(kWaits.size())));
  wanted.begins = random.between(200 * kMillisecond, span);
  return wanted;
}

}  // namespace

Workload draw_workload(Random& random, Micros span) {
  Workload workload;
  workload.initial_credits = {random.between(20, 120)};
  for (std::uint64_t sku = 0; sku < 2; ++sku) {
    workload.changes.push_back({saga::Participant::kInventory, sku_name(sku), random.between(3, 25), true, 0});
    workload.changes.push_back(
        {saga::Participant::kInventory, sku_name(sku), random.between(2, 12), false, 30 * kMillisecond});
  }
  const auto later = random.between(0, 4);
  for (int i = 0; i < later; ++i) {
    const auto begins = random.between(200 * kMillisecond, span);
    switch (random.below(3)) {
      case 0:
        workload.changes.push_back(
            {saga::Participant::kPayment, user_name(random.below(4)), random.between(1, 60), false, begins});
        break;
      case 1:
        workload.changes.push_back(
            {saga::Participant::kInventory, sku_name(random.below(2)), random.between(1, 8), false, begins});
        break;
      default:
        workload.changes.push_back(
            {saga::Participant::kInventory, sku_name(random.below(2)), random.between(1, 30), true, begins});
    }
  }
  const auto orders = static_cast<std::uint64_t>(random.between(6, 20));
  for (std::uint64_t i = 0; i < orders; ++i) {
    workload.orders.push_back(draw_order(random, i, span));
    const bool misuse = i > 0 && random.chance(30) && !workload.orders[i - 1].order.idempotency_key.empty();
    if (misuse) workload.orders[i].order.idempotency_key = workload.orders[i - 1].order.idempotency_key;
  }
  return workload;
}

}  // namespace ldt::simulation
