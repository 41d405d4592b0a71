// What a restart finds of a participant that stores in SQLite: the book as it was at the last commit, whichever slice
// of which saving that commit held, and whatever failed before it. Depends on SQLite and a folder for temporary files.
// Commands are drawn from a fixed seed.
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "participant/storage/sqlite/group_commit.h"
#include "services/payment/rules.h"
#include "unit/storage/storage_world.h"

namespace ldt::participant {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kRowsPerSave = 60;
constexpr int kUsers = 40;  // a saving takes ten commits and more

struct Opened {
  /// @param more  of the schema
  Opened(const fs::path& path, std::string_view more) {
    const auto base = migrations("");
    std::vector<std::string_view> history(base.begin(), base.end());
    if (!more.empty()) history.push_back(more);
    auto opened = Store::open(path, {.migrations = history});
    if (!opened) throw std::runtime_error(opened.error().detail);
    store = std::move(*opened);
    if (auto loaded = store->load(book); !loaded) throw std::runtime_error(loaded.error().detail);
  }
  std::unique_ptr<Store> store;
  Book book{65'536};
};

/// Does something, and then drops the transaction.
class FailingJob final : public Job {
 public:
  explicit FailingJob(CommandsJob& first) : first_(first) {}
  [[nodiscard]] std::size_t size() const override { return first_.size(); }
  void list(Touched&) const override {}
  [[nodiscard]] Result<void> decide(Decider& decider) override {
    if (auto done = first_.decide(decider); !done) return done;
    return failure(ErrorKind::kInternal, "the disk is full");
  }
  void durable() override { ADD_FAILURE() << "it failed"; }
  void failed(const Error&) override {}

 private:
  CommandsJob& first_;
};

class Saving : public ::testing::Test {
 protected:
  explicit Saving(std::string_view more_schema = {}) : more_schema_(more_schema) { begin(); }

  void begin() {
    committer_.reset();
    now_.reset();
    now_ = std::make_unique<Opened>(path(), more_schema_);
    committer_ = std::make_unique<GroupCommit>(
        rules_, *now_->store, now_->book, clock_, [](std::chrono::nanoseconds, std::size_t) {}, kRowsPerSave);
  }
  void execute() {
    CommandsJob job(some_commands());
    Job* jobs[] = {&job};
    ASSERT_TRUE(committer_->perform(jobs));
    EXPECT_TRUE(job.is_durable);
  }
  bool may_fail_to_execute() {
    CommandsJob job(some_commands());
    Job* jobs[] = {&job};
    return committer_->perform(jobs).has_value();
  }
  void execute_and_fail() {
    CommandsJob job(some_commands());
    FailingJob failing(job);
    Job* jobs[] = {&failing};
    ASSERT_FALSE(committer_->perform(jobs));
  }
  /// Looks at a copy: this one goes on.
  void expect_all_after_restart(const std::string& when) {
    const fs::path copy = folder_.path() / "copy.db";
    for (const char* part : {"", "-wal"}) {
      fs::remove(copy.string() + part);
      if (fs::exists(path().string() + part)) fs::copy_file(path().string() + part, copy.string() + part);
    }
    const Opened found(copy, more_schema_);
    const Book& book = now_->book;
    ASSERT_EQ(found.book.last_seq(), book.last_seq()) << when;
    ASSERT_EQ(found.book.name_count(), book.name_count()) << when;
    for (NameId id = 1; id <= book.name_count(); ++id) {
      ASSERT_EQ(found.book.name(id), book.name(id)) << when;
      ASSERT_EQ(found.book.holding(id).balance, book.holding(id).balance) << when << ": " << book.name(id);
      ASSERT_EQ(found.book.holding(id).last_entry, book.holding(id).last_entry) << when << ": " << book.name(id);
    }
  }
  std::uint64_t drawn(std::uint64_t below) { return random_() % below; }
  [[nodiscard]] Result<void> stop() { return committer_->finish(); }

 private:
  [[nodiscard]] fs::path path() const { return folder_.path() / "participant.db"; }
  std::vector<CommandsJob::Wanted> some_commands() {
    std::vector<CommandsJob::Wanted> wanted;
    for (auto left = 1 + drawn(2); left > 0; --left) {
      const bool undo = drawn(4) == 0;
      const auto order = undo ? drawn(orders_ + 1) : ++orders_;
      wanted.push_back({order_of(order), undo ? Verb::kUndo : Verb::kDo, "user-" + std::to_string(order % kUsers), "",
                        static_cast<std::int64_t>(1 + order % 7)});
    }
    return wanted;
  }

  const std::string_view more_schema_;
  const payment::Rules rules_{Credits{100}};
  SystemClock clock_;
  ldt::testing::TemporaryFolder folder_;
  std::mt19937_64 random_{11};  // NOLINT(cert-msc51-cpp): the same each time
  std::uint64_t orders_ = 0;
  std::unique_ptr<Opened> now_;
  std::unique_ptr<GroupCommit> committer_;
};

TEST_F(Saving, ARestartFindsEverythingWhicheverSliceWasSavedLast) {
  for (int i = 0; i < 250; ++i) {
    execute();
    expect_all_after_restart("after commit " + std::to_string(i));
    if (HasFatalFailure()) return;
  }
}

TEST_F(Saving, ATransactionThatFailsAmidASavingCostsNothing) {
  for (int i = 0; i < 250; ++i) {
    if (drawn(3) == 0) execute_and_fail();
    execute();
    expect_all_after_restart("after commit " + std::to_string(i));
    if (HasFatalFailure()) return;
  }
}

TEST_F(Saving, AnOrderlyStopAmidASavingSavesAllOfIt) {
  for (int i = 0; i < 60; ++i) {
    for (auto left = 1 + drawn(20); left > 0; --left) execute();
    ASSERT_TRUE(stop());
    expect_all_after_restart("after stop " + std::to_string(i));
    if (HasFatalFailure()) return;
    begin();
  }
}

/// Of every eighth holder an even balance cannot be saved: at most one in a slice, until it spends or gets something.
class SavingThatFails : public Saving {
 protected:
  SavingThatFails()
      : Saving(
            "CREATE TRIGGER fails BEFORE INSERT ON holding WHEN NEW.name_id % 8 = 1 AND NEW.balance % 2 = 0"
            " BEGIN SELECT RAISE(ABORT, 'the disk is full'); END;") {}
};

TEST_F(SavingThatFails, BeginsItsSliceAnew) {
  int failed = 0;
  for (int i = 0; i < 120; ++i) {
    while (!may_fail_to_execute()) ASSERT_LT(++failed, 100'000);
    expect_all_after_restart("after commit " + std::to_string(i));
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(failed, 10);
}

}  // namespace
}  // namespace ldt::participant
