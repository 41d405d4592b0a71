// Which failure instruction strikes an attempt: one after the other, by the attempt's number.
#include "participant/failure.h"

#include <vector>

#include <gtest/gtest.h>

namespace ldt::participant {
namespace {

using Instructions = std::vector<FailureInstruction>;

/// The index of the instruction that strikes, -1: none.
int struck(const Instructions& instructions, std::uint32_t attempt, bool undecided = true) {
  const auto chosen = choose_strike(instructions, attempt, undecided);
  return chosen.instruction == nullptr ? -1 : static_cast<int>(chosen.instruction->index);
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
  EXPECT_EQ(choose_strike(both, 2, true).count, 2u);
  EXPECT_EQ(choose_strike(both, 3, true).count, 1u);
  EXPECT_EQ(choose_strike(both, 5, true).count, 3u);
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
