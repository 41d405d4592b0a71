// When telemetry that a receiver did not take for the moment is sent again: the pauses, their end, the receiver's
// wishes.
#include "platform/telemetry/retry.h"

#include <gtest/gtest.h>

namespace ldt::telemetry {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kNoWish{0};
constexpr RetrySettings kSettings{4, milliseconds{1'000}, 2, milliseconds{3'000}};

TEST(Retries, WaitLongerEachTimeUpToTheLongestPause) {
  Retries retries(kSettings);
  for (const int pause : {1'000, 2'000, 3'000, 3'000}) {
    EXPECT_FALSE(retries.over());
    EXPECT_EQ(retries.pause_after_failure(kNoWish, 1), milliseconds{pause});
  }
  EXPECT_TRUE(retries.over()) << "four attempts";
}

TEST(Retries, WaitAtRandomBetweenHalfOfThePauseAndAllOfIt) {
  EXPECT_EQ(Retries(kSettings).pause_after_failure(kNoWish, 0), milliseconds{500});
  EXPECT_EQ(Retries(kSettings).pause_after_failure(kNoWish, 0.5), milliseconds{750});
  EXPECT_EQ(Retries({4, seconds{9}, 2, seconds{3}}).pause_after_failure(kNoWish, 0), milliseconds{1'500});
}

TEST(Retries, WaitAsLongAsTheReceiverAsksTheLastTimeToo) {
  Retries retries(kSettings);
  EXPECT_EQ(retries.pause_after_failure(seconds{40}, 0), seconds{40});
  EXPECT_EQ(retries.pause_after_failure(milliseconds{1}, 1), seconds{2}) << "but no shorter than without being asked";
  (void)retries.pause_after_failure(kNoWish, 0);
  EXPECT_EQ(retries.pause_after_failure(seconds{40}, 0), seconds{40}) << "before the next batch";
  EXPECT_TRUE(retries.over());
  EXPECT_EQ(Retries(kSettings).pause_after_failure(hours{10}, 0), kLongestWish);
}

TEST(Retries, EndAtOnceOrNeverWhereThatIsSaid) {
  for (const unsigned attempts : {0U, 1U}) {
    Retries once({attempts, milliseconds{-1}, 2, milliseconds{-1}});
    EXPECT_EQ(once.pause_after_failure(kNoWish, 1), milliseconds{0});
    EXPECT_TRUE(once.over()) << attempts;
  }
  Retries endless({RetrySettings::kForEver, milliseconds{100}, 1, milliseconds{100}});
  for (int i = 0; i < 10'000; ++i) EXPECT_EQ(endless.pause_after_failure(kNoWish, 1), milliseconds{100});
  EXPECT_FALSE(endless.over());
}

TEST(RetryAfter, IsSecondsOrADate) {
  const WallTime now{1'445'412'420'500'000};  // half a second after Wed, 21 Oct 2015 07:27:00 GMT
  EXPECT_EQ(retry_after("7", now), seconds{7});
  EXPECT_EQ(retry_after("0", now), kNoWish);
  EXPECT_EQ(retry_after("Wed, 21 Oct 2015 07:28:00 GMT", now), milliseconds{59'500});
  EXPECT_EQ(retry_after("Wed, 21 Oct 2015 07:26:00 GMT", now), kNoWish) << "over";
  EXPECT_EQ(retry_after("4000000000", now), kLongestWish);
  EXPECT_EQ(retry_after("Fri, 31 Dec 9999 23:59:59 GMT", now), kLongestWish);
}

TEST(RetryAfter, IsNothingWhereItMakesNoSense) {
  for (const char* header : {"", " ", "soon", "-1", "7 s", "1.5", "99999999999999999999", "Wed, 21 Oct 2015 07:28:00",
                             "Wed, 21 Oct 2015 07:28:00 GMT+1"}) {
    EXPECT_EQ(retry_after(header, {}), kNoWish) << header;
  }
}

}  // namespace
}  // namespace ldt::telemetry
