// How many orders are let in: all that are allowed while answers are quick, fewer while they are slow, and all again.
#include <gtest/gtest.h>

#include <chrono>

#include "services/order/engine/admission.h"

namespace ldt::order {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMost = 16'384;
constexpr milliseconds kQuick{10};
constexpr milliseconds kSlow = Admission::kSlow;

class AdmissionTest : public ::testing::Test {
 protected:
  void answer(milliseconds took, std::size_t in_flight) { admission_.answered(took, in_flight, now_); }
  void pass(milliseconds time) { now_ += time; }

  Admission admission_{kMost};
  SteadyTime now_{std::chrono::seconds(1)};
};

TEST_F(AdmissionTest, LetsInAsManyAsAreAllowedAndNoMore) {
  EXPECT_TRUE(admission_.admits(kMost - 1));
  EXPECT_FALSE(admission_.admits(kMost));
  for (int i = 0; i < 100'000; ++i) answer(kQuick, kMost);
  EXPECT_EQ(admission_.limit(), kMost);
}

TEST_F(AdmissionTest, LetsInFewerThanAreThereWhenAnswersAreSlow) {
  answer(kSlow, 8'000);
  EXPECT_EQ(admission_.limit(), 6'000u);
  EXPECT_FALSE(admission_.admits(6'000));
}

TEST_F(AdmissionTest, CutsOnceForAllAnswersOfOneBacklog) {
  for (int i = 0; i < 1'000; ++i) answer(kSlow, 8'000);
  EXPECT_EQ(admission_.limit(), 6'000u);
  pass(kSlow);
  answer(kSlow, 6'000);
  EXPECT_EQ(admission_.limit(), 4'500u);
}

TEST_F(AdmissionTest, AlwaysLetsInEnoughForLargeBatches) {
  for (int i = 0; i < 100; ++i) {
    answer(kSlow, 10);
    pass(kSlow);
  }
  EXPECT_EQ(admission_.limit(), Admission::kFew);
}

TEST_F(AdmissionTest, LetsInAllAgainAfterAWhileOfQuickAnswers) {
  answer(kSlow, 4'000);
  const auto cut = admission_.limit();
  for (int i = 0; i < 64; ++i) answer(kQuick, cut);
  EXPECT_GT(admission_.limit(), cut);
  EXPECT_LT(admission_.limit(), cut + 64) << "not all at once";
  for (int i = 0; i < 1'000'000; ++i) answer(kQuick, cut);
  EXPECT_EQ(admission_.limit(), kMost);
}

TEST_F(AdmissionTest, NeitherCutsNorGrowsInBetween) {
  answer(kSlow, 4'000);
  const auto cut = admission_.limit();
  for (int i = 0; i < 10'000; ++i) answer(kSlow * 3 / 4, cut);
  EXPECT_EQ(admission_.limit(), cut);
}

TEST(Admission, OfAFewIsNotMoreThanTheMost) {
  Admission admission(8);
  admission.answered(kSlow, 8, SteadyTime(std::chrono::seconds(1)));
  EXPECT_EQ(admission.limit(), 8u);
}

}  // namespace
}  // namespace ldt::order
