// The words of an order: its steps, states and outcomes, and the one list of participants.
// Pure. Invariant: the names here are the names in the API, the logs and the documents.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ldt::saga {

enum class Step : std::uint8_t { kAccept, kCharge, kReserve, kDeliver, kRevoke, kRelease, kRefund, kFinish };
inline constexpr std::size_t kStepCount = 8;

/// The order row. Changed only by compare-and-set:
///   RUNNING -> COMPLETED; RUNNING -> REVERTING -> REVERTED; RUNNING -> HELD -> RUNNING | REVERTING.
enum class OrderState : std::uint8_t { kRunning, kHeld, kReverting, kCompleted, kReverted };

/// How an order or a step ended. TIMEOUT and UNKNOWN mean that it may have happened, never that it did not.
enum class Outcome : std::uint8_t {
  kNone,  // not ended
  kSuccess,
  kInsufficientFund,
  kInsufficientInventory,
  kTimeout,
  kUnknown,
  kUndeliverable,
  kCancelled,
};

enum class Participant : std::uint8_t { kPayment, kInventory, kDelivery };

struct PlanStep {
  Participant participant;
  Step do_step;
  Step undo_step;
  Outcome refusal;  // what a business refusal of this step means
};

/// What an order does after it was accepted, in order. A new participant is one line here.
inline constexpr std::array kPlan{
    PlanStep{Participant::kPayment, Step::kCharge, Step::kRefund, Outcome::kInsufficientFund},
    PlanStep{Participant::kInventory, Step::kReserve, Step::kRelease, Outcome::kInsufficientInventory},
    PlanStep{Participant::kDelivery, Step::kDeliver, Step::kRevoke, Outcome::kUndeliverable},
};

[[nodiscard]] constexpr bool is_undo(Step step) {
  return step == Step::kRevoke || step == Step::kRelease || step == Step::kRefund;
}
[[nodiscard]] constexpr bool is_final(OrderState state) {
  return state == OrderState::kCompleted || state == OrderState::kReverted;
}

/// "payment.charge", ...
[[nodiscard]] std::string_view to_string(Step step);
[[nodiscard]] std::string_view to_string(OrderState state);
/// Empty for kNone.
[[nodiscard]] std::string_view to_string(Outcome outcome);
/// "payment", "inventory", "delivery"
[[nodiscard]] std::string_view to_string(Participant participant);
[[nodiscard]] std::optional<Step> parse_step(std::string_view text);
[[nodiscard]] std::optional<OrderState> parse_order_state(std::string_view text);
[[nodiscard]] std::optional<Outcome> parse_outcome(std::string_view text);

}  // namespace ldt::saga
