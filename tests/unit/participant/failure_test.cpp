// Which failure instruction strikes an attempt: the first with strikes left, from durable counts.
#include "participant/failure.h"

#include <vector>

#include <gtest/gtest.h>

namespace ldt::participant {
namespace {

using Instructions = std::vector<FailureInstruction>;
using Strikes = std::vector<Strike>;

TEST(Strike, FallsToTheFirstInstructionWithStrikesLeft) {
  const Instructions both{{.index = 0, .kind = FailureKind::kTimeout, .attempts = 2},
                          {.index = 3, .kind = FailureKind::kUnknown, .attempts = 1}};
  EXPECT_EQ(choose_strike(both, Strikes{}, true)->index, 0u);
  EXPECT_EQ(choose_strike(both, Strikes{{0, 1}}, true)->index, 0u);
  EXPECT_EQ(choose_strike(both, Strikes{{0, 2}}, true)->index, 3u);
  EXPECT_EQ(choose_strike(both, Strikes{{0, 2}, {3, 1}}, true), nullptr);
  EXPECT_EQ(choose_strike({}, Strikes{}, true), nullptr);
}

TEST(Strike, NeverRunsOutOfAnInstructionWithoutLimit) {
  const Instructions always{{.index = 1, .kind = FailureKind::kTimeout, .attempts = 0}};
  EXPECT_NE(choose_strike(always, Strikes{{1, 1'000'000}}, false), nullptr);
}

TEST(Strike, ByARefusalOnlyMeetsWhatIsUndecided) {
  const Instructions refusal{{.index = 0, .kind = FailureKind::kRefuse, .attempts = 1}};
  EXPECT_NE(choose_strike(refusal, Strikes{}, true), nullptr);
  EXPECT_EQ(choose_strike(refusal, Strikes{}, false), nullptr);
}

TEST(Strike, LetsTheCommandTakeEffectUnlessItStrikesBefore) {
  for (const auto kind : {FailureKind::kTimeout, FailureKind::kUnknown, FailureKind::kCrash}) {
    EXPECT_FALSE(takes_effect({.kind = kind, .effect = FailureEffect::kNone}));
    EXPECT_TRUE(takes_effect({.kind = kind, .effect = FailureEffect::kApplied}));
  }
  for (const auto kind : {FailureKind::kDelay, FailureKind::kRefuse}) EXPECT_TRUE(takes_effect({.kind = kind}));
}

TEST(Strike, CountsAreFoundByTheirIndex) {
  EXPECT_EQ(count_of(2, Strikes{{1, 5}, {2, 7}}), 7u);
  EXPECT_EQ(count_of(3, Strikes{{1, 5}, {2, 7}}), 0u);
}

}  // namespace
}  // namespace ldt::participant
