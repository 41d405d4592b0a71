// The participant's writer: every job once, one thread at a time, and none is left behind, whoever performs.
// Depends on the participants' writer, with a committer of the test's own. No sleeps: the committer waits where a test
// has it wait.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "participant/server/writer.h"

namespace ldt::participant {
namespace {

using std::chrono::seconds;

constexpr seconds kPatience{20};

/// Says when it is done.
class SomeJob final : public Job {
 public:
  explicit SomeJob(std::size_t size = 1) : size_(size) {}
  [[nodiscard]] std::size_t size() const override { return size_; }
  void list(Touched&) const override {}
  [[nodiscard]] Result<void> decide(Decider&) override { return {}; }
  void durable() override {
    const std::lock_guard lock(mutex_);
    ++done_;
    ended_.notify_all();
  }
  void failed(const Error&) override { ADD_FAILURE() << "nothing fails here"; }

  [[nodiscard]] bool is_done() {
    std::unique_lock lock(mutex_);
    return ended_.wait_for(lock, kPatience, [this] { return done_ > 0; });
  }
  [[nodiscard]] int times() {
    const std::lock_guard lock(mutex_);
    return done_;
  }

 private:
  const std::size_t size_;
  std::mutex mutex_;
  std::condition_variable ended_;
  int done_ = 0;
};

/// Notes that two perform at once; a test may act, or wait, in the midst of it.
class WatchedCommitter final : public Committer {
 public:
  Result<void> perform(std::span<Job* const> jobs) override {
    EXPECT_EQ(performing_.fetch_add(1), 0) << "one at a time";
    EXPECT_FALSE(jobs.empty());
    if (amid) std::exchange(amid, {})();
    for (Job* job : jobs) job->durable();
    performing_.fetch_sub(1);
    return {};
  }
  [[nodiscard]] Result<void> finish() override {
    EXPECT_EQ(performing_.load(), 0);
    ++finished;
    return {};
  }

  std::function<void()> amid;  // during the next perform()
  std::atomic<int> finished{0};

 private:
  std::atomic<int> performing_{0};
};

class WriterTest : public ::testing::Test {
 protected:
  WatchedCommitter& committer_ = *new WatchedCommitter;
  Writer writer_{std::unique_ptr<Committer>(&committer_)};
};

TEST_F(WriterTest, PerformsAtOnceWhereNobodyDoes) {
  SomeJob job;
  ASSERT_TRUE(writer_.perform(job));
  EXPECT_EQ(job.times(), 1);
}

TEST_F(WriterTest, WhatArrivesAmidACallersOwnBatchIsDoneAfterIt) {
  SomeJob first;
  SomeJob submitted;
  SomeJob performed;
  committer_.amid = [&] {
    EXPECT_TRUE(writer_.submit(submitted));
    std::thread([&] { EXPECT_TRUE(writer_.perform(performed)); }).join();  // leaves it to the thread: it ends
    EXPECT_EQ(submitted.times() + performed.times(), 0);
  };
  ASSERT_TRUE(writer_.perform(first));
  EXPECT_TRUE(submitted.is_done());
  EXPECT_TRUE(performed.is_done());
  EXPECT_EQ(first.times() + submitted.times() + performed.times(), 3);
}

TEST_F(WriterTest, WhatArrivesAmidTheThreadsBatchIsDoneAfterIt) {
  SomeJob first;
  SomeJob submitted;
  SomeJob performed;
  committer_.amid = [&] {
    EXPECT_TRUE(writer_.submit(submitted));
    EXPECT_TRUE(writer_.perform(performed));
    EXPECT_EQ(submitted.times() + performed.times(), 0);
  };
  ASSERT_TRUE(writer_.submit(first));
  EXPECT_TRUE(submitted.is_done());
  EXPECT_TRUE(performed.is_done());
  EXPECT_EQ(first.times() + submitted.times() + performed.times(), 3);
}

TEST_F(WriterTest, RefusesWhatIsTooMuchAndNothingOnceThatIsDone) {
  SomeJob first;
  SomeJob most(Writer::kMaxQueued);
  SomeJob too_much;
  committer_.amid = [&] {
    EXPECT_TRUE(writer_.submit(most));
    EXPECT_FALSE(writer_.submit(too_much));
    EXPECT_FALSE(writer_.perform(too_much));
  };
  ASSERT_TRUE(writer_.perform(first));
  ASSERT_TRUE(most.is_done());
  SomeJob again;
  EXPECT_TRUE(writer_.submit(again));
  EXPECT_TRUE(again.is_done());
  EXPECT_EQ(too_much.times(), 0);
}

TEST_F(WriterTest, AStopFinishesWhatIsQueuedAndTakesNothingMore) {
  std::deque<SomeJob> queued(1'000);
  for (auto& job : queued) ASSERT_TRUE(writer_.submit(job));
  writer_.stop();
  for (auto& job : queued) EXPECT_EQ(job.times(), 1);
  EXPECT_EQ(committer_.finished, 1);
  SomeJob late;
  EXPECT_FALSE(writer_.submit(late));
  EXPECT_FALSE(writer_.perform(late));
}

TEST_F(WriterTest, DoesEachJobOnceWhoeverPerforms) {
  constexpr int kThreads = 4;
  std::vector<std::deque<SomeJob>> jobs(kThreads);
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 2'000; ++n) {
        SomeJob& job = jobs[i].emplace_back();
        EXPECT_TRUE(n % 2 == 0 ? writer_.perform(job) : writer_.submit(job));
        if (n % 3 == 0) EXPECT_TRUE(job.is_done());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  writer_.stop();
  for (auto& each : jobs) {
    for (auto& job : each) EXPECT_EQ(job.times(), 1);
  }
}

}  // namespace
}  // namespace ldt::participant
