// When the engine tries again and which of its timers comes next. Depends on the order service's engine.
// Random spans are drawn from a fixed seed.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <random>
#include <set>

#include "services/order/engine/retry_pacing.h"
#include "services/order/engine/timer_queue.h"

namespace ldt::order {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr SteadyTime kStart{std::chrono::hours(1)};

TEST(RetryBudget, CoversABurstAndThenItsRate) {
  RetryBudget budget(10, 2);
  EXPECT_EQ(budget.take(kStart), milliseconds(0));
  EXPECT_EQ(budget.take(kStart), milliseconds(0));
  EXPECT_EQ(budget.take(kStart), milliseconds(100));
  EXPECT_EQ(budget.take(kStart), milliseconds(200));
  EXPECT_EQ(budget.take(kStart + milliseconds(300)), milliseconds(0)) << "three were earned meanwhile";
}

TEST(RetryBudget, SavesNoMoreThanABurst) {
  RetryBudget budget(10, 2);
  EXPECT_EQ(budget.take(kStart), milliseconds(0));
  const SteadyTime later = kStart + seconds(3'600);
  EXPECT_EQ(budget.take(later), milliseconds(0));
  EXPECT_EQ(budget.take(later), milliseconds(0));
  EXPECT_GT(budget.take(later), milliseconds(0));
}

TEST(Backoff, IsAnywhereBelowTheDoubledTimeAndItsCap) {
  const BackoffLimits limits{milliseconds(20), milliseconds(1'000)};
  for (std::uint32_t failed = 1; failed <= 200; ++failed) {
    const auto most = failed <= 6 ? milliseconds(10LL << failed) : limits.cap;
    EXPECT_EQ(full_jitter(limits, failed, 0), microseconds(0));
    EXPECT_EQ(full_jitter(limits, failed, static_cast<std::uint64_t>(microseconds(most).count())), most);
    EXPECT_LE(full_jitter(limits, failed, UINT64_MAX), most);
  }
}

struct SetTimer {
  SteadyTime at;
  friend bool operator>(const SetTimer& a, const SetTimer& b) { return a.at > b.at; }
};

/// More different spans than are common, many of them at once.
TEST(TimerQueue, TheEarliestComesFirstWhateverItsSpan) {
  std::mt19937_64 random(7);  // NOLINT(cert-msc51-cpp): the same each time
  TimerQueue<SetTimer> queue;
  std::multiset<SteadyTime> expected;
  SteadyTime now = kStart;
  for (int i = 0; i < 20'000; ++i) {
    const milliseconds span((random() % 3 != 0 ? 100 : 1) * static_cast<int>(1 + random() % 24));
    queue.push({now + span}, span);
    expected.insert(now + span);
    now += microseconds(random() % 2'000);
    while (!queue.empty() && queue.top().at <= now) {
      ASSERT_EQ(queue.top().at, *expected.begin()) << "of " << expected.size();
      queue.pop();
      expected.erase(expected.begin());
    }
    ASSERT_TRUE(expected.empty() || *expected.begin() > now) << "one that is due was kept";
  }
  EXPECT_EQ(queue.empty(), expected.empty());
}

}  // namespace
}  // namespace ldt::order
