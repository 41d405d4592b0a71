// Chooses the instruction that strikes an attempt.
// Pure.
#include "participant/failure.h"

namespace ldt::participant {

namespace {

Strike strike_of(std::uint32_t index, std::span<const Strike> strikes) {
  for (const Strike& strike : strikes) {
    if (strike.index == index) return strike;
  }
  return {.index = index};
}

bool struck_before(const Strike& strike, std::uint32_t attempt) {
  return attempt != 0 && strike.count > 0 && strike.attempt == attempt;
}

}  // namespace

std::uint32_t count_of(std::uint32_t index, std::span<const Strike> strikes) { return strike_of(index, strikes).count; }

const FailureInstruction* choose_strike(std::span<const FailureInstruction> instructions,
                                        std::span<const Strike> strikes, bool undecided, std::uint32_t attempt) {
  for (const FailureInstruction& instruction : instructions) {
    const bool repeats = instruction.kind != FailureKind::kCrash && instruction.kind != FailureKind::kRefuse;
    if (repeats && struck_before(strike_of(instruction.index, strikes), attempt)) return &instruction;
  }
  for (const FailureInstruction& instruction : instructions) {
    const bool has_left = instruction.attempts == 0 || count_of(instruction.index, strikes) < instruction.attempts;
    const bool can_strike = undecided || instruction.kind != FailureKind::kRefuse;
    if (has_left && can_strike) return &instruction;
  }
  return nullptr;
}

Strike counted(const FailureInstruction& instruction, std::span<const Strike> strikes, std::uint32_t attempt) {
  Strike strike = strike_of(instruction.index, strikes);
  if (!struck_before(strike, attempt) || instruction.kind == FailureKind::kCrash) ++strike.count;
  strike.attempt = attempt;
  return strike;
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
