#include "saga/failure.h"

#include <algorithm>

#include "base/check.h"

namespace ldt::saga {
namespace {

constexpr std::array<std::string_view, 5> kKindNames{"TIMEOUT", "UNKNOWN", "CRASH", "DELAY", "REFUSE"};
constexpr std::array<std::string_view, 2> kEffectNames{"NONE", "APPLIED"};
constexpr std::array<std::string_view, 2> kOnFailureNames{"REVERT", "HOLD"};

template <class Enum, class Names>
std::optional<Enum> find(const Names& names, std::string_view text) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

bool is_business_refusal(Outcome outcome) {
  return outcome == Outcome::kInsufficientFund || outcome == Outcome::kInsufficientInventory ||
         outcome == Outcome::kUndeliverable;
}

/// The refusal that a step gives by itself; nothing where it cannot refuse.
std::optional<Outcome> refusal_of(Step step) {
  if (step == Step::kAccept) return Outcome::kUndeliverable;
  for (const auto& planned : kPlan) {
    if (planned.do_step == step) return planned.refusal;
  }
  return std::nullopt;
}

std::optional<Complaint> check_refusal(const FailureInstruction& instruction) {
  const auto refusal = refusal_of(instruction.step);
  if (!refusal) {
    return Complaint{"kind", std::string(to_string(instruction.step)) + " can never be refused for a business reason"};
  }
  if (instruction.effect == FailureEffect::kApplied) {
    return Complaint{"effect", "a refusal has no effect that could be APPLIED"};
  }
  if (!instruction.outcome) return std::nullopt;
  const bool fits =
      instruction.step == Step::kAccept ? is_business_refusal(*instruction.outcome) : *instruction.outcome == *refusal;
  if (fits) return std::nullopt;
  return Complaint{"outcome", std::string(to_string(instruction.step)) + " cannot refuse with this outcome"};
}

std::optional<Complaint> check_delay(const FailureInstruction& instruction, const Handling& handling) {
  if (!instruction.delay) return Complaint{"delay_ms", "DELAY needs delay_ms"};
  if (instruction.delay->count() < 1 || *instruction.delay >= handling.step_timeout) {
    return Complaint{"delay_ms", "must be at least 1 and below the step's timeout of " +
                                     std::to_string(handling.step_timeout.count()) + " ms; use TIMEOUT to exceed it"};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Complaint> check(const FailureInstruction& instruction, const Handling& handling) {
  if (instruction.attempts && (*instruction.attempts < 1 || *instruction.attempts > kMaxStrikes)) {
    return Complaint{"attempts", "must be 1 to " + std::to_string(kMaxStrikes)};
  }
  if (instruction.outcome && instruction.kind != FailureKind::kRefuse) {
    return Complaint{"outcome", "goes with REFUSE only"};
  }
  if (instruction.delay && instruction.kind != FailureKind::kDelay)
    return Complaint{"delay_ms", "goes with DELAY only"};
  if (instruction.kind == FailureKind::kRefuse) return check_refusal(instruction);
  if (instruction.kind == FailureKind::kDelay) return check_delay(instruction, handling);
  return std::nullopt;
}

FailureInstruction with_defaults(FailureInstruction instruction) {
  const bool silent = instruction.kind == FailureKind::kTimeout || instruction.kind == FailureKind::kUnknown;
  const bool is_do = !is_undo(instruction.step) && instruction.step != Step::kFinish;
  if (!instruction.attempts) instruction.attempts = silent && is_do ? 0 : 1;
  if (instruction.kind == FailureKind::kRefuse && !instruction.outcome)
    instruction.outcome = refusal_of(instruction.step);
  return instruction;
}

Outcome accept_failure(std::span<const FailureInstruction> instructions, const Handling& handling) {
  std::vector<std::uint32_t> struck(instructions.size());
  bool written = false;
  bool every_attempt_timed_out = true;
  const auto next_strike = [&] {
    return std::find_if(instructions.begin(), instructions.end(), [&](const FailureInstruction& each) {
      const auto limit = each.attempts.value_or(0);
      const auto count = struck[static_cast<std::size_t>(&each - instructions.data())];
      return each.step == Step::kAccept && (limit == 0 || count < limit) &&
             !(each.kind == FailureKind::kRefuse && written);
    });
  };
  for (std::uint32_t attempt = 1; attempt <= handling.max_attempts; ++attempt) {
    const auto strike = next_strike();
    if (strike == instructions.end()) return Outcome::kNone;
    if (strike->kind != FailureKind::kTimeout && strike->kind != FailureKind::kUnknown) return Outcome::kNone;
    ++struck[static_cast<std::size_t>(strike - instructions.begin())];
    written |= strike->effect == FailureEffect::kApplied;
    every_attempt_timed_out &= strike->kind == FailureKind::kTimeout;
  }
  return every_attempt_timed_out ? Outcome::kTimeout : Outcome::kUnknown;
}

std::string_view to_string(FailureKind kind) { return kKindNames.at(static_cast<std::size_t>(kind)); }
std::string_view to_string(FailureEffect effect) { return kEffectNames.at(static_cast<std::size_t>(effect)); }
std::string_view to_string(OnFailure on_failure) { return kOnFailureNames.at(static_cast<std::size_t>(on_failure)); }
std::optional<FailureKind> parse_failure_kind(std::string_view text) { return find<FailureKind>(kKindNames, text); }
std::optional<FailureEffect> parse_failure_effect(std::string_view text) {
  return find<FailureEffect>(kEffectNames, text);
}
std::optional<OnFailure> parse_on_failure(std::string_view text) { return find<OnFailure>(kOnFailureNames, text); }

}  // namespace ldt::saga
