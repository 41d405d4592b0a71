// Failure instructions: which make sense on which step, and what they mean where they say little.
#include "saga/failure.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace ldt::saga {
namespace {

using std::chrono::milliseconds;
using enum FailureKind;

constexpr FailureKind kAllKinds[] = {kTimeout, kUnknown, kCrash, kDelay, kRefuse};
constexpr FailureEffect kBothEffects[] = {FailureEffect::kNone, FailureEffect::kApplied};

bool can_refuse(Step step) { return !is_undo(step) && step != Step::kFinish; }

FailureInstruction instruction(Step step, FailureKind kind, FailureEffect effect) {
  FailureInstruction made{.step = step, .kind = kind, .effect = effect};
  if (kind == kDelay) made.delay = milliseconds{20};
  return made;
}

TEST(FailureInstruction, MakesSenseOnEveryStepUnlessItRefusesWhatCannotBeRefused) {
  for (std::size_t i = 0; i < kStepCount; ++i) {
    const auto step = static_cast<Step>(i);
    for (const auto kind : kAllKinds) {
      for (const auto effect : kBothEffects) {
        const auto complaint = check(instruction(step, kind, effect), Handling{});
        const bool sensible = kind != kRefuse || (can_refuse(step) && effect == FailureEffect::kNone);
        EXPECT_EQ(!complaint, sensible) << to_string(step) << " " << to_string(kind) << " " << to_string(effect);
      }
    }
  }
}

struct Nonsense {
  const char* what;
  FailureInstruction instruction;
  std::string_view field;
};

TEST(FailureInstruction, NamesTheFieldThatMakesNoSense) {
  const Nonsense rows[] = {
      {"no strikes", {.kind = kTimeout, .attempts = 0}, "attempts"},
      {"too many strikes", {.kind = kTimeout, .attempts = kMaxStrikes + 1}, "attempts"},
      {"delay that is none", {.kind = kTimeout, .delay = milliseconds{5}}, "delay_ms"},
      {"DELAY without its length", {.kind = kDelay}, "delay_ms"},
      {"DELAY of nothing", {.kind = kDelay, .delay = milliseconds{0}}, "delay_ms"},
      {"DELAY back in time", {.kind = kDelay, .delay = milliseconds{-1}}, "delay_ms"},
      {"DELAY to the deadline", {.kind = kDelay, .delay = milliseconds{500}}, "delay_ms"},
      {"outcome without refusal", {.kind = kUnknown, .outcome = Outcome::kUnknown}, "outcome"},
      {"refused undo", {.step = Step::kRefund, .kind = kRefuse}, "kind"},
      {"refused finish", {.step = Step::kFinish, .kind = kRefuse}, "kind"},
      {"refusal with an effect", {.kind = kRefuse, .effect = FailureEffect::kApplied}, "effect"},
      {"refusal of another step", {.kind = kRefuse, .outcome = Outcome::kUndeliverable}, "outcome"},
      {"success as a refusal", {.step = Step::kAccept, .kind = kRefuse, .outcome = Outcome::kSuccess}, "outcome"},
      {"timeout as a refusal", {.step = Step::kAccept, .kind = kRefuse, .outcome = Outcome::kTimeout}, "outcome"},
  };
  for (const auto& row : rows) {
    const auto complaint = check(row.instruction, Handling{});
    ASSERT_TRUE(complaint.has_value()) << row.what;
    EXPECT_EQ(complaint->field, row.field) << row.what << ": " << complaint->detail;
    EXPECT_FALSE(complaint->detail.empty()) << row.what;
  }
}

TEST(FailureInstruction, DelaysUpToJustBelowTheTimeoutOfTheStep) {
  EXPECT_FALSE(check({.kind = kDelay, .delay = milliseconds{499}}, Handling{}));
  EXPECT_TRUE(check({.kind = kDelay, .delay = milliseconds{50}}, Handling{.step_timeout = milliseconds{50}}));
}

TEST(FailureInstruction, StrikesEveryAttemptOfADoAndOnceElsewhereUnlessItSays) {
  for (std::size_t i = 0; i < kStepCount; ++i) {
    const auto step = static_cast<Step>(i);
    const bool is_do = !is_undo(step) && step != Step::kFinish;
    for (const auto kind : kAllKinds) {
      const bool always = is_do && (kind == kTimeout || kind == kUnknown);
      const FailureInstruction bare{.step = step, .kind = kind};
      EXPECT_EQ(with_defaults(bare).attempts, always ? 0u : 1u) << to_string(step) << " " << to_string(kind);
      auto counted = bare;
      counted.attempts = 7;
      EXPECT_EQ(with_defaults(counted).attempts, 7u);
    }
  }
}

TEST(FailureInstruction, RefusesWithTheOutcomeOfItsStepUnlessItSays) {
  for (const auto& planned : kPlan) {
    EXPECT_EQ(with_defaults({.step = planned.do_step, .kind = kRefuse}).outcome, planned.refusal);
  }
  const FailureInstruction chosen{.step = Step::kAccept, .kind = kRefuse, .outcome = Outcome::kInsufficientFund};
  EXPECT_EQ(with_defaults(chosen).outcome, Outcome::kInsufficientFund);
  EXPECT_FALSE(check(chosen, Handling{}));
  EXPECT_EQ(with_defaults({.kind = kTimeout}).outcome, std::nullopt);
}

struct Accepting {
  const char* what;
  std::vector<FailureInstruction> instructions;
  Outcome failure;
};

TEST(AcceptFailure, IsKnownFromTheInstructionsAlone) {
  const auto at_accept = [](FailureKind kind, std::uint32_t attempts, FailureEffect effect = FailureEffect::kNone) {
    return FailureInstruction{.step = Step::kAccept, .kind = kind, .effect = effect, .attempts = attempts};
  };
  constexpr auto kApplied = FailureEffect::kApplied;
  const Accepting rows[] = {
      {"no instruction", {}, Outcome::kNone},
      {"another step's", {{.step = Step::kCharge, .kind = kTimeout, .attempts = 0}}, Outcome::kNone},
      {"every attempt", {at_accept(kTimeout, 0, kApplied)}, Outcome::kTimeout},
      {"just as many as there are", {at_accept(kUnknown, 3, kApplied)}, Outcome::kUnknown},
      {"one less", {at_accept(kTimeout, 2, kApplied)}, Outcome::kNone},
      {"of both kinds", {at_accept(kTimeout, 1, kApplied), at_accept(kUnknown, 2)}, Outcome::kUnknown},
      {"answered late in the end", {at_accept(kTimeout, 2, kApplied), at_accept(kDelay, 1)}, Outcome::kNone},
      {"a crash: whoever recovers it goes on",
       {at_accept(kUnknown, 1, kApplied), at_accept(kCrash, 2)},
       Outcome::kNone},
      {"a refusal that comes too late", {at_accept(kUnknown, 1, kApplied), at_accept(kRefuse, 1)}, Outcome::kNone},
      {"and what comes after it",
       {at_accept(kUnknown, 1, kApplied), at_accept(kRefuse, 1), at_accept(kTimeout, 0)},
       Outcome::kUnknown},
      {"a refusal in time: no row", {at_accept(kUnknown, 1), at_accept(kRefuse, 1)}, Outcome::kNone},
  };
  for (const auto& row : rows) EXPECT_EQ(accept_failure(row.instructions, Handling{}), row.failure) << row.what;
}

TEST(FailureInstruction, HasOneNameForEachKindEffectAndHandling) {
  for (const auto kind : kAllKinds) EXPECT_EQ(parse_failure_kind(to_string(kind)), kind);
  for (const auto effect : kBothEffects) EXPECT_EQ(parse_failure_effect(to_string(effect)), effect);
  for (const auto word : {OnFailure::kRevert, OnFailure::kHold}) EXPECT_EQ(parse_on_failure(to_string(word)), word);
  for (const std::string_view text : {"", "timeout", "TIMEOUT ", "HANG"})
    EXPECT_EQ(parse_failure_kind(text), std::nullopt);
  EXPECT_EQ(parse_failure_effect("applied"), std::nullopt);
  EXPECT_EQ(parse_on_failure("ABORT"), std::nullopt);
}

}  // namespace
}  // namespace ldt::saga
