// The write-ahead log that a thread copies aside: bounded, whatever readers do, and nothing of it is lost. Pages of
// either size, and their checksums.
// Depends on SQLite and a folder for temporary files.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "platform/sqlite/database.h"
#include "platform/sqlite/page_checksum.h"

namespace ldt::sqlite {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSchema = "CREATE TABLE line(id INTEGER PRIMARY KEY, text TEXT NOT NULL);";
constexpr std::string_view kMigrations[] = {kSchema};
constexpr int kPagesOfLog = 64;
constexpr std::uintmax_t kMebibyte = 1 << 20;

template <class T>
T value(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().detail);
  return std::move(*result);
}

class CheckpointAside : public ::testing::Test {
 protected:
  CheckpointAside() : folder_(fs::temp_directory_path() / ("ldt-sqlite-" + std::to_string(::getpid()))) {
    fs::remove_all(folder_);
  }
  ~CheckpointAside() override { fs::remove_all(folder_); }

  [[nodiscard]] std::string path() const { return folder_ / "test.db"; }
  [[nodiscard]] Database open_owner() const {
    return value(Database::open_owner(
        path(), {.migrations = kMigrations, .wal_autocheckpoint_pages = kPagesOfLog, .checkpoint_aside = true}));
  }
  /// Bytes; 0: there is none.
  [[nodiscard]] std::uintmax_t log_size() const {
    return fs::exists(path() + "-wal") ? fs::file_size(path() + "-wal") : 0;
  }
  /// So many commits of a page or two each.
  static void add_lines(Database& database, int count) {
    auto insert = value(database.prepare("INSERT INTO line(text) VALUES (?1)"));
    const std::string text(3'000, 'x');
    for (int i = 0; i < count; ++i) {
      auto transaction = value(Transaction::begin(database));
      const auto done = insert.bind(1, text).run();
      ASSERT_TRUE(done) << done.error().detail;
      transaction.commit();
    }
  }
  static std::int64_t count_lines(Database& database) {
    return value(database.query_integer("SELECT count(*) FROM line"));
  }

 private:
  const fs::path folder_;
};

TEST_F(CheckpointAside, TheLogBeginsAnewWhileCommitsGoOn) {
  auto database = open_owner();
  add_lines(database, 4'000);  // 40 MiB of log, if it never began anew
  EXPECT_LT(log_size(), 10 * kMebibyte);
  EXPECT_GT(fs::file_size(path()), 8 * kMebibyte);
  EXPECT_EQ(value(database.verify_pages()), std::vector<std::string>{});
  auto reader = value(Database::open_reader(path()));
  EXPECT_EQ(count_lines(reader), 4'000);
}

TEST_F(CheckpointAside, AReaderHoldsTheLogOnlyAsLongAsItReads) {
  auto database = open_owner();
  add_lines(database, 10);
  auto reader = value(Database::open_reader(path()));
  std::uintmax_t held = 0;
  {
    const auto snapshot = value(Transaction::begin_read(reader));
    ASSERT_EQ(count_lines(reader), 10);
    add_lines(database, 1'000);
    EXPECT_EQ(count_lines(reader), 10);
    held = log_size();
    EXPECT_GT(held, 4 * kMebibyte);
  }
  add_lines(database, 3'000);
  EXPECT_LT(log_size(), held + 10 * kMebibyte);
  EXPECT_EQ(count_lines(reader), 4'010);
}

TEST_F(CheckpointAside, WhoeverClosesAtAnyMomentFindsAllOfItAgain) {
  constexpr int kLives = 30;
  for (int life = 0; life < kLives; ++life) {
    auto database = open_owner();
    ASSERT_EQ(count_lines(database), life * 40);
    add_lines(database, 40);  // the copying begins after some 30
  }
  auto database = open_owner();
  EXPECT_EQ(count_lines(database), kLives * 40);
  EXPECT_EQ(value(database.verify_pages()), std::vector<std::string>{});
}

/// As versions did that knew one size of pages only.
void make_file_of_larger_pages(const std::string& path) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, checksummed_vfs()),
            SQLITE_OK);
  reserve_checksums(handle);
  const std::string script = "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; BEGIN; " + std::string(kSchema) +
                             "INSERT INTO line(text) VALUES ('old'); PRAGMA user_version=1; PRAGMA application_id=" +
                             std::to_string(kChecksummedApplicationId) + "; COMMIT";
  EXPECT_EQ(sqlite3_exec(handle, script.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(handle);
  EXPECT_EQ(sqlite3_close(handle), SQLITE_OK);
}

void flip_bit(const std::string& path, std::streamoff offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(offset);
  const int byte = file.get();
  ASSERT_NE(byte, EOF);
  file.seekp(offset);
  file.put(static_cast<char>(byte ^ 1));
}

TEST_F(CheckpointAside, AFileWithLargerPagesKeepsThemAndTheirChecksums) {
  fs::create_directories(fs::path(path()).parent_path());
  make_file_of_larger_pages(path());
  {
    auto database = open_owner();
    EXPECT_EQ(value(database.query_integer("PRAGMA page_size")), 4'096);
    add_lines(database, 200);
    EXPECT_EQ(count_lines(database), 201);
    EXPECT_EQ(value(database.verify_pages()), std::vector<std::string>{});
  }
  flip_bit(path(), 10 * 4'096 + 1'000);
  auto database = open_owner();
  EXPECT_EQ(value(database.verify_pages()),
            std::vector<std::string>{path() + ": damaged: page 11 does not match its checksum"});
}

TEST_F(CheckpointAside, AFlippedBitShowsInANewFile) {
  {
    auto database = open_owner();
    EXPECT_EQ(value(database.query_integer("PRAGMA page_size")), kPageBytes);
    add_lines(database, 200);
  }
  flip_bit(path(), 10 * kPageBytes + 1'000);
  auto database = open_owner();
  EXPECT_EQ(value(database.verify_pages()),
            std::vector<std::string>{path() + ": damaged: page 11 does not match its checksum"});
}

}  // namespace
}  // namespace ldt::sqlite
