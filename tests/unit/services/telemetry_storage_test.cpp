// The telemetry store's queue: bounded, INFO goes first and is counted, WARN is refused when even its room is full, and
// what was acknowledged is in the file.
// Depends on SQLite and a folder for temporary files. The store's thread waits in a callback where a test has it wait.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "services/telemetry/storage.h"

namespace ldt::telemetry_store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMebibyte = std::size_t{1} << 20U;

template <class T>
T value(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().detail);
  return std::move(*result);
}

Batch one_log(int severity, std::size_t bytes) {
  Batch batch;
  batch.resources.push_back({.service = "test", .attributes = "{}", .labels = {}});
  batch.logs.push_back({.time_us = 1, .severity = severity, .body = std::string(bytes, 'x'), .attributes = "{}"});
  return batch;
}

class TelemetryQueue : public ::testing::Test {
 protected:
  TelemetryQueue() : folder_(fs::temp_directory_path() / ("ldt-telemetry-" + std::to_string(::getpid()))) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    storage_ = value(Storage::start(path(), Bounds{.max_bytes = 1ULL << 30U}, [](const std::string&) {}));
  }
  ~TelemetryQueue() override {
    storage_.reset();
    fs::remove_all(folder_);
  }

  [[nodiscard]] std::string path() const { return folder_ / "telemetry.db"; }
  /// Its thread does nothing from then on, until go_on().
  void stand_still() {
    storage_->submit(one_log(kInfoSeverity, 1), [this](const Verdict& verdict) {
      EXPECT_TRUE(verdict.kept);
      stands_still_.set_value();
      go_on_.get_future().wait();
    });
    stands_still_.get_future().wait();
  }
  void go_on() { go_on_.set_value(); }
  void submit(int severity) {
    storage_->submit(one_log(severity, kMebibyte), [this](const Verdict& verdict) {
      ++(verdict.kept ? kept_ : refused_);
      dropped_ += verdict.dropped;
    });
  }

  int kept_ = 0;  // with what was left of them
  int refused_ = 0;
  std::uint64_t dropped_ = 0;
  std::unique_ptr<Storage> storage_;

 private:
  const fs::path folder_;
  std::promise<void> stands_still_;
  std::promise<void> go_on_;
};

TEST_F(TelemetryQueue, DropsInfoFirstAndRefusesWarningsInTheEnd) {
  stand_still();
  for (int i = 0; i < 40; ++i) submit(kInfoSeverity);
  EXPECT_EQ(refused_, 0) << "of INFO that finds no room, nothing is to be sent again";
  const std::uint64_t dropped = storage_->losses().dropped;
  EXPECT_GE(dropped, 8U);  // of 32 MiB
  EXPECT_LE(dropped, 10U);
  for (int i = 0; i < 20; ++i) submit(kWarnSeverity);
  EXPECT_GE(refused_, 4);  // of 16 MiB more
  EXPECT_LE(refused_, 6);
  go_on();
  storage_->stop();
  EXPECT_EQ(kept_ + refused_, 60) << "everybody is answered";
  EXPECT_EQ(dropped_, dropped);
  auto file = value(sqlite::Database::open_reader(path()));
  const auto there = value(file.query_integer("SELECT count(*) FROM log"));
  EXPECT_EQ(there, 1 + kept_ - static_cast<int>(dropped)) << "what was acknowledged is there";
}

TEST_F(TelemetryQueue, AStopWritesWhatIsQueuedAndTakesNothingMore) {
  stand_still();
  submit(kInfoSeverity);
  go_on();
  storage_->stop();
  EXPECT_EQ(kept_, 1);
  submit(kWarnSeverity);
  EXPECT_EQ(refused_, 1);
}

}  // namespace
}  // namespace ldt::telemetry_store
