// Chooses the instruction that strikes an attempt, and counts those that have struck.
// Pure.
#include "participant/failure.h"

#include <algorithm>
#include <array>

#include "base/strikes.h"

namespace ldt::participant {

const FailureInstruction* choose_strike(std::span<const FailureInstruction> instructions, std::uint32_t attempt,
                                        bool undecided) {
  std::vector<std::uint32_t> limits;
  limits.reserve(instructions.size());
  for (const FailureInstruction& instruction : instructions) limits.push_back(instruction.attempts);
  const auto strike = strike_at(limits, attempt);
  if (!strike) return nullptr;
  const FailureInstruction& chosen = instructions[strike->instruction];
  if (chosen.kind == FailureKind::kRefuse && !undecided) return nullptr;
  return &chosen;
}

std::vector<Strike> strikes_until(std::span<const FailureInstruction> instructions, std::uint32_t attempt,
                                  OperationState state) {
  std::vector<Strike> strikes;
  std::uint64_t before = 0;  // attempts that fall to earlier instructions
  bool undecided = true;     // by those
  for (const FailureInstruction& instruction : instructions) {
    if (attempt <= before) break;
    const auto since = static_cast<std::uint32_t>(attempt - before);
    const bool limited = instruction.attempts != 0;
    if (instruction.kind == FailureKind::kRefuse) {
      if (undecided && state == kRefused) strikes.push_back({instruction.index, 1});
    } else {
      strikes.push_back({instruction.index, limited ? std::min(since, instruction.attempts) : since});
    }
    if (!limited) break;
    undecided = undecided && !takes_effect(instruction);
    before += instruction.attempts;
  }
  return strikes;
}

std::string_view to_string(FailureKind kind) {
  constexpr std::array<std::string_view, 5> kNames{"TIMEOUT", "UNKNOWN", "CRASH", "DELAY", "REFUSE"};
  return kNames.at(static_cast<std::size_t>(kind));
}

}  // namespace ldt::participant
