// Which failure instruction strikes an attempt: one after the other, by the attempt's number.
#include "participant/failure.h"

#include <vector>

#include <gtest/gtest.h>

namespace ldt::participant {
namespace {

using Instructions = std::vector<FailureInstruction>;

/// The index of the instruction that strikes, -1: none.
int struck(const Instructions& instructions, std::uint32_t attempt, bool undecided = true) {
  const auto* chosen = choose_strike(instructions, attempt, undecided);
  return chosen == nullptr ? -1 : static_cast<int>(chosen->index);
}

/// How often each instruction has struck, in their order; 0: not.
std::vector<std::uint32_t> counts(const Instructions& instructions, std::uint32_t attempt, OperationState state) {
  std::vector<std::uint32_t> counts(instructions.size());
  for (const Strike& strike : strikes_until(instructions, attempt, state)) counts.at(strike.index) = strike.count;
  return counts;
}

TEST(Strike, FallsToOneInstructionAfterTheOther) {
  const Instructions both{{.index = 0, .kind = FailureKind::kTimeout, .attempts = 2},
                          {.index = 3, .kind = FailureKind::kUnknown, .attempts = 1}};
  EXPECT_EQ(struck(both, 1), 0);
  EXPECT_EQ(struck(both, 2), 0);
  EXPECT_EQ(struck(both, 3), 3);
  EXPECT_EQ(struck(both, 4), -1);
  EXPECT_EQ(struck({}, 1), -1);
}

TEST(Strike, IsCountedByItsPlaceAmongTheAttempts) {
  const Instructions both{{.index = 0, .kind = FailureKind::kTimeout, .attempts = 2},
                          {.index = 1, .kind = FailureKind::kUnknown, .attempts = 3}};
  using Counts = std::vector<std::uint32_t>;
  EXPECT_EQ(counts(both, 1, kNone), Counts({1, 0}));
  EXPECT_EQ(counts(both, 2, kNone), Counts({2, 0}));
  EXPECT_EQ(counts(both, 3, kNone), Counts({2, 1}));
  EXPECT_EQ(counts(both, 5, kNone), Counts({2, 3}));
  EXPECT_EQ(counts(both, 6, kDone), Counts({2, 3}));
  const Instructions always{{.index = 0, .kind = FailureKind::kTimeout, .attempts = 0},
                            {.index = 1, .kind = FailureKind::kUnknown, .attempts = 1}};
  EXPECT_EQ(counts(always, 7, kNone), Counts({7, 0}));
}

TEST(Strike, OfARefusalCountsWhereItDecided) {
  using Counts = std::vector<std::uint32_t>;
  const Instructions refusal{{.index = 0, .kind = FailureKind::kRefuse, .attempts = 2}};
  EXPECT_EQ(counts(refusal, 1, kRefused), Counts({1}));
  EXPECT_EQ(counts(refusal, 3, kRefused), Counts({1})) << "a replay";
  EXPECT_EQ(counts(refusal, 1, kDone), Counts({0})) << "it came too late";
  EXPECT_EQ(counts(refusal, 1, kTombstone), Counts({0}));
  for (const auto effect : {FailureEffect::kNone, FailureEffect::kApplied}) {
    const Instructions both{{.index = 0, .kind = FailureKind::kTimeout, .effect = effect, .attempts = 1},
                            {.index = 1, .kind = FailureKind::kRefuse, .attempts = 1}};
    const bool decided_before = effect == FailureEffect::kApplied;
    EXPECT_EQ(counts(both, 2, kRefused), Counts({1, decided_before ? 0u : 1u}));
  }
}

TEST(Strike, NeverRunsOutOfAnInstructionWithoutLimit) {
  const Instructions always{{.index = 1, .kind = FailureKind::kTimeout, .attempts = 0}};
  EXPECT_EQ(struck(always, 1'000'000, false), 1);
}

TEST(Strike, ByARefusalOnlyMeetsWhatIsUndecided) {
  const Instructions refusal{{.index = 0, .kind = FailureKind::kRefuse, .attempts = 1}};
  EXPECT_EQ(struck(refusal, 1, true), 0);
  EXPECT_EQ(struck(refusal, 1, false), -1);
}

TEST(Strike, LetsTheCommandTakeEffectUnlessItStrikesBefore) {
  for (const auto kind : {FailureKind::kTimeout, FailureKind::kUnknown, FailureKind::kCrash}) {
    EXPECT_FALSE(takes_effect({.kind = kind, .effect = FailureEffect::kNone}));
    EXPECT_TRUE(takes_effect({.kind = kind, .effect = FailureEffect::kApplied}));
  }
  for (const auto kind : {FailureKind::kDelay, FailureKind::kRefuse}) EXPECT_TRUE(takes_effect({.kind = kind}));
}

}  // namespace
}  // namespace ldt::participant
