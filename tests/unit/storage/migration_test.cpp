// A participant's SQLite file that an earlier version made: opened, brought up to date, and as true as before.
// Depends on a folder for temporary files.
#include <gtest/gtest.h>

#include <limits>
#include <span>
#include <stdexcept>
#include <string>

#include "participant/storage/sqlite/schema.h"
#include "participant/storage/sqlite/sqlite_storage.h"
#include "platform/sqlite/database.h"
#include "services/payment/rules.h"
#include "support/process.h"

namespace ldt::participant {
namespace {

/// With an index of names by text, as the first five migrations left it.
constexpr std::size_t kVersionWithIndexedNames = 5;

class EarlierFile : public ::testing::Test {
 protected:
  EarlierFile() {
    const auto all = migrations("");
    auto database =
        sqlite::Database::open_owner(path(), {.migrations = std::span(all).first(kVersionWithIndexedNames)});
    if (!database) throw std::runtime_error(database.error().detail);
    const auto filled = database->execute(
        "BEGIN; INSERT INTO name VALUES (1, 'zoe'), (2, 'alice'), (3, 'old');"
        "INSERT INTO journal VALUES (1, 10, 1, NULL, NULL, 1, NULL, 70, 70, 0), (2, 20, 1, NULL, NULL, 2, NULL, 50, "
        "50, 0),"
        " (3, 30, 1, NULL, NULL, 2, NULL, 5, 5, 2);"
        "INSERT INTO holding VALUES (1, 70, 70, 0, 1), (2, 50, 50, 0, 2);"
        "UPDATE projection SET projected_seq = 2; COMMIT");
    if (!filled) throw std::runtime_error(filled.error().detail);
  }
  [[nodiscard]] std::string path() const { return folder_.path() / "payment.db"; }

 private:
  const testing::TemporaryFolder folder_;
};

TEST_F(EarlierFile, IsBroughtUpToDate) {
  const auto all = migrations("");
  const auto storage = SqliteStorage::open(path(), all);
  ASSERT_TRUE(storage) << storage.error().detail;
  const auto reads = (*storage)->open_reads();
  ASSERT_TRUE(reads) << reads.error().detail;

  const auto alice = (*reads)->page("alice", EntryFilter::kAll, std::numeric_limits<std::int64_t>::max(), 10);
  ASSERT_TRUE(alice && alice->holder) << "the saved holding and the tail behind it";
  EXPECT_EQ(alice->holder->balance, 55);
  ASSERT_EQ(alice->entries.size(), 2u);
  EXPECT_EQ(alice->entries[0].seq, 3);
  EXPECT_EQ(alice->entries[1].seq, 2);
  const auto zoe = (*reads)->holder("zoe");
  ASSERT_TRUE(zoe && *zoe);
  EXPECT_EQ((*zoe)->balance, 70);
  EXPECT_FALSE(*(*reads)->holder("old")) << "a name alone is no account";
  EXPECT_FALSE(*(*reads)->holder("nobody"));
  const auto holders = (*reads)->holders("", 10);
  ASSERT_TRUE(holders && holders->size() == 2u);
  EXPECT_EQ((*holders)[0].name, "alice");
  EXPECT_EQ((*holders)[1].name, "zoe");
}

TEST_F(EarlierFile, WithANameTwiceIsRefused) {
  const auto all = migrations("");
  ASSERT_TRUE(SqliteStorage::open(path(), all));
  {
    auto database = sqlite::Database::open_owner(path(), {.migrations = all});
    ASSERT_TRUE(database && database->execute("INSERT INTO name VALUES (4, 'zoe')"));
  }
  const auto storage = SqliteStorage::open(path(), all);
  ASSERT_FALSE(storage);
  EXPECT_NE(storage.error().detail.find("a name is there twice"), std::string::npos) << storage.error().detail;
}

}  // namespace
}  // namespace ldt::participant
