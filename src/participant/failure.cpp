// Chooses the instruction that strikes an attempt.
// Pure.
#include "participant/failure.h"

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
  switch (kind) {
    case FailureKind::kTimeout:
      return "TIMEOUT";
    case FailureKind::kUnknown:
      return "UNKNOWN";
    case FailureKind::kCrash:
      return "CRASH";
    case FailureKind::kDelay:
      return "DELAY";
    case FailureKind::kRefuse:
      return "REFUSE";
  }
  return "";
}

}  // namespace ldt::participant
