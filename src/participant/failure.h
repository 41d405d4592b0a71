// Failure instructions as a participant sees them: what shall go wrong with the command that carries them.
// Pure.
// Invariant: whether an instruction strikes follows from the attempt's number, so a recovered order meets the same
// failures.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "participant/operation.h"

namespace ldt::participant {

enum class FailureKind : std::uint8_t {
  kTimeout,  // never an answer
  kUnknown,  // an error whose effect is unknown
  kCrash,    // the process ends
  kDelay,    // a late answer
  kRefuse,   // a business refusal of a do
};

enum class FailureEffect : std::uint8_t {
  kNone,     // strikes before the command takes effect
  kApplied,  // after: only the answer is lost
};

struct FailureInstruction {
  std::uint32_t index = 0;  // in the order's list
  FailureKind kind = FailureKind::kTimeout;
  FailureEffect effect = FailureEffect::kNone;
  std::uint32_t attempts = 0;  // strikes at most so many times; 0: always
  std::chrono::milliseconds delay{};
};

/// How often an instruction has struck an order.
struct Strike {
  std::uint32_t index = 0;
  std::uint32_t count = 0;
};

/// The instruction that strikes an attempt: see strike_at(); nullptr: none. A refusal can only strike what is
/// undecided: it changes the decision.
/// @param attempt  of the command, counting from 1 over the order's life
[[nodiscard]] const FailureInstruction* choose_strike(std::span<const FailureInstruction> instructions,
                                                      std::uint32_t attempt, bool undecided);

/// What has struck an order's attempts at a step, up to and with this one: it follows from the attempt's number, and
/// for a refusal from what it led to.
/// @param state  of the operation, after the attempt
[[nodiscard]] std::vector<Strike> strikes_until(std::span<const FailureInstruction> instructions, std::uint32_t attempt,
                                                OperationState state);

/// False where the instruction strikes before the command takes effect.
[[nodiscard]] constexpr bool takes_effect(const FailureInstruction& instruction) {
  const bool answer_is_lost = instruction.kind != FailureKind::kDelay && instruction.kind != FailureKind::kRefuse;
  return !answer_is_lost || instruction.effect == FailureEffect::kApplied;
}

/// "TIMEOUT", ...
[[nodiscard]] std::string_view to_string(FailureKind kind);

}  // namespace ldt::participant
