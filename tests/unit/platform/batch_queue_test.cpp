// The queue between whoever logs and the thread that sends: bounded, nobody waits, and all that was taken is consumed.
// Depends on the product's telemetry, of which it is a header. The consumer waits where a test has it wait.
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "platform/telemetry/batch_queue.h"

namespace ldt::telemetry {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

/// A queue for four lines, and two more that are important; a batch leaves at once.
class BatchQueueTest : public ::testing::Test {
 protected:
  bool push(const std::string& line, bool important = false) {
    return queue_.push(important, [&](Lines& batch) { batch.push_back(line); });
  }
  /// Its thread holds the first line from then on, until go_on().
  void stand_still() {
    ASSERT_TRUE(push("first"));
    stands_still_.get_future().wait();
  }
  void go_on() { go_on_.set_value(); }

  Lines consumed_;

 private:
  std::promise<void> stands_still_;
  std::promise<void> go_on_;
  bool stood_still_ = false;

 protected:
  BatchQueue<Lines> queue_{{.capacity = 4, .reserve = 2, .wake_at = 1, .delay = 1h}, [this](Lines& batch) {
                             if (!std::exchange(stood_still_, true)) {
                               stands_still_.set_value();
                               go_on_.get_future().wait();
                             }
                             consumed_.insert(consumed_.end(), batch.begin(), batch.end());
                           }};
};

TEST_F(BatchQueueTest, RefusesWhatFindsNoRoomAndKeepsSomeForWhatIsImportant) {
  stand_still();
  int taken = 0;
  while (taken < 100 && push("usual")) ++taken;
  EXPECT_EQ(taken, 4);
  while (taken < 100 && push("important", true)) ++taken;
  EXPECT_EQ(taken, 6);
  EXPECT_FALSE(push("usual"));
  go_on();
  EXPECT_TRUE(queue_.flush(std::chrono::steady_clock::now() + 60s));
  EXPECT_TRUE(push("usual")) << "there is room again";
  queue_.stop();
  EXPECT_EQ(consumed_.size(), 8U) << "what was taken is consumed";
}

TEST_F(BatchQueueTest, AFlushDoesNotWaitLongerThanItMay) {
  stand_still();
  EXPECT_FALSE(queue_.flush(std::chrono::steady_clock::now() + 1ms));
  go_on();
  EXPECT_TRUE(queue_.flush(std::chrono::steady_clock::now() + 60s));
}

TEST_F(BatchQueueTest, AStopConsumesTheRestAndTakesNothingMore) {
  stand_still();
  EXPECT_TRUE(push("second"));
  queue_.begin_stop();
  EXPECT_FALSE(push("third"));
  EXPECT_FALSE(push("third", true));
  go_on();
  queue_.stop();
  EXPECT_EQ(consumed_, (Lines{"first", "second"}));
}

}  // namespace
}  // namespace ldt::telemetry
