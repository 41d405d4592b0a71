// Chooses the instruction that strikes an attempt.
// Pure.
#include "participant/failure.h"

namespace ldt::participant {

std::uint32_t count_of(std::uint32_t index, std::span<const Strike> strikes) {
  for (const Strike& strike : strikes) {
    if (strike.index == index) return strike.count;
  }
  return 0;
}

const FailureInstruction* choose_strike(std::span<const FailureInstruction> instructions,
                                        std::span<const Strike> strikes, bool undecided) {
  for (const FailureInstruction& instruction : instructions) {
    const bool has_left = instruction.attempts == 0 || count_of(instruction.index, strikes) < instruction.attempts;
    const bool can_strike = undecided || instruction.kind != FailureKind::kRefuse;
    if (has_left && can_strike) return &instruction;
  }
  return nullptr;
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
