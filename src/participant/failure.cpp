// Chooses the instruction that strikes an attempt.
// Pure.
#include "participant/failure.h"

#include <array>
#include <vector>

#include "base/strikes.h"

namespace ldt::participant {

ChosenStrike choose_strike(std::span<const FailureInstruction> instructions, std::uint32_t attempt, bool undecided) {
  std::vector<std::uint32_t> limits;
  limits.reserve(instructions.size());
  for (const FailureInstruction& instruction : instructions) limits.push_back(instruction.attempts);
  const auto strike = strike_at(limits, attempt);
  if (!strike) return {};
  const FailureInstruction& chosen = instructions[strike->instruction];
  if (chosen.kind == FailureKind::kRefuse && !undecided) return {};
  return {&chosen, strike->count};
}

std::string_view to_string(FailureKind kind) {
  constexpr std::array<std::string_view, 5> kNames{"TIMEOUT", "UNKNOWN", "CRASH", "DELAY", "REFUSE"};
  return kNames.at(static_cast<std::size_t>(kind));
}

}  // namespace ldt::participant
