// Failure instructions as a participant sees them: what shall go wrong with the command that carries them.
// Pure.
// Invariant: whether an instruction strikes follows from durable counts, so a recovered order meets the same failures.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

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
  std::uint32_t index = 0;  // in the order's list; (order, index) counts its strikes
  FailureKind kind = FailureKind::kTimeout;
  FailureEffect effect = FailureEffect::kNone;
  std::uint32_t attempts = 0;  // strikes at most so many times; 0: always
  std::chrono::milliseconds delay{};
};

/// How often an instruction has struck.
struct Strike {
  std::uint32_t index = 0;
  std::uint32_t count = 0;
  std::uint32_t attempt = 0;  // the last one that it struck
};

[[nodiscard]] std::uint32_t count_of(std::uint32_t index, std::span<const Strike> strikes);

/// The instruction that struck this very attempt before, if it is sent again; otherwise the first with strikes left.
/// A refusal can only strike what is undecided: it changes the decision. A crash strikes an attempt once: the process
/// that would repeat it is a new one.
/// @param attempt  of the command, counting from 1 over the order's life; 0: not told
/// @return nullptr: none strikes this attempt
[[nodiscard]] const FailureInstruction* choose_strike(std::span<const FailureInstruction> instructions,
                                                      std::span<const Strike> strikes, bool undecided,
                                                      std::uint32_t attempt = 0);
/// The strike to record when `instruction` strikes `attempt`: a repeat of the same attempt does not count again.
[[nodiscard]] Strike counted(const FailureInstruction& instruction, std::span<const Strike> strikes,
                             std::uint32_t attempt);

/// False where the instruction strikes before the command takes effect.
[[nodiscard]] constexpr bool takes_effect(const FailureInstruction& instruction) {
  const bool answer_is_lost = instruction.kind != FailureKind::kDelay && instruction.kind != FailureKind::kRefuse;
  return !answer_is_lost || instruction.effect == FailureEffect::kApplied;
}

/// "TIMEOUT", ...
[[nodiscard]] std::string_view to_string(FailureKind kind);

}  // namespace ldt::participant
