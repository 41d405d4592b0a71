// The entry of every unit test program. A test that waits for what never comes ends its program, instead of everybody's
// patience. Depends on GoogleTest.
#include <gtest/gtest.h>
#include <unistd.h>

namespace {

constexpr unsigned kSecondsForATest = 120;  // on a busy machine, with sanitizers

class Watchdog final : public testing::EmptyTestEventListener {
  void OnTestStart(const testing::TestInfo&) override { ::alarm(kSecondsForATest); }
  void OnTestEnd(const testing::TestInfo&) override { ::alarm(0); }
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  testing::UnitTest::GetInstance()->listeners().Append(new Watchdog);
  return RUN_ALL_TESTS();
}
