// What an order asks to go wrong, and how it wants failures handled.
// Pure. Invariant: an instruction that passed `check` makes sense on its step; nothing else is ever stored.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "saga/vocabulary.h"

namespace ldt::saga {

enum class FailureKind : std::uint8_t { kTimeout, kUnknown, kCrash, kDelay, kRefuse };
enum class FailureEffect : std::uint8_t { kNone, kApplied };

struct FailureInstruction {
  Step step = Step::kCharge;
  FailureKind kind = FailureKind::kTimeout;
  FailureEffect effect = FailureEffect::kNone;
  /// Strikes the first n attempts; 0: every attempt. Nothing: the default of its step and kind.
  std::optional<std::uint32_t> attempts;
  std::optional<std::chrono::milliseconds> delay;  // kDelay, and only there
  std::optional<Outcome> outcome;                  // kRefuse: which refusal; nothing: the step's own

  friend bool operator==(const FailureInstruction&, const FailureInstruction&) = default;
};

enum class OnFailure : std::uint8_t { kRevert, kHold };

struct Handling {
  std::uint32_t max_attempts = 3;               // of a do; an undo is tried for ever
  std::chrono::milliseconds step_timeout{500};  // of one attempt
  OnFailure on_failure = OnFailure::kRevert;

  friend bool operator==(const Handling&, const Handling&) = default;
};

inline constexpr std::size_t kMaxInstructions = 16;
inline constexpr std::uint32_t kMaxStrikes = 1000;  // `attempts` of an instruction
inline constexpr std::uint32_t kMaxMaxAttempts = 10;
inline constexpr std::chrono::milliseconds kMinStepTimeout{10};
inline constexpr std::chrono::milliseconds kMaxStepTimeout{10'000};

/// Why an instruction makes no sense; `field` is the member of the request's object that is wrong.
struct Complaint {
  std::string_view field;  // "step", "kind", "effect", "attempts", "delay_ms", "outcome"
  std::string detail;
};

/// Nothing where the instruction makes sense under this handling.
[[nodiscard]] std::optional<Complaint> check(const FailureInstruction& instruction, const Handling& handling);
/// The instruction with its defaults filled in: attempts (0: every one) and, for a refusal, the outcome.
[[nodiscard]] FailureInstruction with_defaults(FailureInstruction instruction);

/// How order.accept fails for an order that its instructions never let be accepted although its row was written:
/// kTimeout or kUnknown. kNone: it is accepted, or one that recovers its row cannot tell from one that was.
/// So an engine that finds the row and nothing else comes to the end that the one before it was on the way to.
/// @param instructions  of the order, all steps, each with its defaults
[[nodiscard]] Outcome accept_failure(std::span<const FailureInstruction> instructions, const Handling& handling);

[[nodiscard]] std::string_view to_string(FailureKind kind);
[[nodiscard]] std::string_view to_string(FailureEffect effect);
[[nodiscard]] std::string_view to_string(OnFailure on_failure);
[[nodiscard]] std::optional<FailureKind> parse_failure_kind(std::string_view text);
[[nodiscard]] std::optional<FailureEffect> parse_failure_effect(std::string_view text);
[[nodiscard]] std::optional<OnFailure> parse_on_failure(std::string_view text);

}  // namespace ldt::saga
