// The wrapper over libpq, against a real server: values there and back, pipelines, the fate of a COMMIT, lost servers.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "platform/postgres/connection.h"
#include "platform/postgres/link.h"
#include "platform/postgres/schema.h"
#include "platform/postgres/url.h"
#include "support/eventually.h"
#include "unit/support/shared_server.h"

namespace ldt::postgres {
namespace {

using ldt::testing::PostgresServer;
using ldt::testing::shared_server;
using std::chrono::milliseconds;

class Postgres : public ::testing::Test {
 protected:
  Postgres() : url_(shared_server().make_database()), connection_(open()) {}

  std::unique_ptr<Connection> open(milliseconds patience = milliseconds(10'000)) const {
    auto opened = Connection::open({.url = url_, .application_name = "tests", .patience = patience});
    if (!opened) throw std::runtime_error(opened.error().detail);
    return std::move(*opened);
  }
  void must(const std::string& sql) {
    const auto done = connection_->script(sql);
    ASSERT_TRUE(done) << done.error().detail;
  }
  std::int64_t number(std::string_view sql) {
    const auto rows = connection_->run(sql);
    return rows ? rows->integer(0, 0) : -1;
  }

  const std::string url_;
  std::unique_ptr<Connection> connection_;
};

constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();

OrderId order(std::uint64_t random) { return OrderIdGenerator().next({1'700'000'000'000'000}, random); }

TEST_F(Postgres, GivesBackWhatItWasGiven) {
  const std::string bytes("\0\xff\\x'", 5);
  const auto rows =
      connection_->run("SELECT $1, $2, $3, $4, $5, $6::text IS NULL", Parameters()
                                                                          .integer(kLeast)
                                                                          .text("d\xC3\xA9j\xC3\xA0 'vu' \\")
                                                                          .bytes(bytes)
                                                                          .uuid(order(7))
                                                                          .boolean(true)
                                                                          .null(Type::kText));
  ASSERT_TRUE(rows) << rows.error().detail;
  EXPECT_EQ(rows->integer(0, 0), kLeast);
  EXPECT_EQ(rows->text(0, 1), "d\xC3\xA9j\xC3\xA0 'vu' \\");
  EXPECT_EQ(rows->text(0, 2), bytes);
  EXPECT_EQ(rows->order_id(0, 3), order(7));
  EXPECT_TRUE(rows->boolean(0, 4));
  EXPECT_TRUE(rows->boolean(0, 5));
}

TEST_F(Postgres, ReadsIntegersOfEverySize) {
  const auto rows = connection_->run("SELECT -1::smallint, -70000::integer, 9223372036854775807::bigint, NULL::bigint");
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->integer(0, 0), -1);
  EXPECT_EQ(rows->integer(0, 1), -70'000);
  EXPECT_EQ(rows->integer(0, 2), kMost);
  EXPECT_EQ(rows->integer(0, 3), 0);
  EXPECT_TRUE(rows->is_null(0, 3));
}

TEST_F(Postgres, TakesArraysWithNullsAndEmptyOnes) {
  Array numbers = integers();
  Array names = texts();
  Array ids = uuids();
  Array blobs = byte_strings();
  numbers.add(kMost);
  numbers.add_null();
  names.add(std::string_view(""));
  names.add(std::optional<std::string_view>("b"));
  ids.add(order(1));
  ids.add(std::optional<OrderId>());
  blobs.add(std::string_view("\0", 1));
  blobs.add_null();
  const auto rows = connection_->run("SELECT n, t, u, b FROM unnest($1, $2, $3, $4) AS x(n, t, u, b)",
                                     Parameters().array(numbers).array(names).array(ids).array(blobs));
  ASSERT_TRUE(rows) << rows.error().detail;
  ASSERT_EQ(rows->size(), 2);
  EXPECT_EQ(rows->integer(0, 0), kMost);
  EXPECT_TRUE(rows->is_null(1, 0));
  EXPECT_FALSE(rows->is_null(0, 1));
  EXPECT_EQ(rows->text(1, 1), "b");
  EXPECT_EQ(rows->order_id(0, 2), order(1));
  EXPECT_TRUE(rows->is_null(1, 2));
  EXPECT_EQ(rows->text(0, 3), std::string_view("\0", 1));
  const auto none = connection_->run("SELECT count(*) FROM unnest($1)", Parameters().array(integers()));
  ASSERT_TRUE(none) << none.error().detail;
  EXPECT_EQ(none->integer(0, 0), 0);
}

TEST_F(Postgres, AnswersAPipelineInItsOrder) {
  must("CREATE TABLE t (n bigint PRIMARY KEY)");
  for (std::int64_t round = 0; round < 3; ++round) {
    connection_->queue_begin();
    for (std::int64_t i = 0; i < 5; ++i)
      connection_->queue("INSERT INTO t VALUES ($1)", Parameters().integer(10 * round + i));
    connection_->queue("SELECT count(*) FROM t");
    const auto done = connection_->commit();
    ASSERT_EQ(done.fate, Fate::kCommitted) << done.error.detail;
    ASSERT_EQ(done.rows.size(), 8U);
    EXPECT_EQ(done.rows[3].affected(), 1);
    EXPECT_EQ(done.rows[6].integer(0, 0), 5 * (round + 1));
  }
}

TEST_F(Postgres, TakesMoreAtOnceThanAnySocketHolds) {
  const std::string large(1 << 20, 'x');
  for (int i = 0; i < 32; ++i) connection_->queue("SELECT $1", Parameters().text(large));
  const auto rows = connection_->flush();
  ASSERT_TRUE(rows) << rows.error().detail;
  ASSERT_EQ(rows->size(), 32U);
  EXPECT_EQ(rows->back().text(0, 0), large);
}

TEST_F(Postgres, TheFirstErrorDropsTheWholeTransaction) {
  must("CREATE TABLE t (n bigint PRIMARY KEY)");
  connection_->queue_begin();
  connection_->queue("INSERT INTO t VALUES (1)");
  connection_->queue("INSERT INTO t VALUES (1)");
  connection_->queue("SELECT 'never prepared'");
  const auto done = connection_->commit();
  EXPECT_EQ(done.fate, Fate::kRolledBack);
  EXPECT_EQ(done.error.kind, ErrorClass::kConstraint);
  EXPECT_EQ(done.error.sqlstate, "23505");
  connection_->rollback();
  EXPECT_EQ(number("SELECT count(*) FROM t"), 0);
  const auto later = connection_->run("SELECT 'never prepared'");
  ASSERT_TRUE(later) << later.error().detail;
}

TEST_F(Postgres, AStatementThatCannotBePreparedHarmsNoOther) {
  EXPECT_FALSE(connection_->run("SELECT * FROM nowhere"));
  must("CREATE TABLE nowhere ()");
  EXPECT_TRUE(connection_->run("SELECT * FROM nowhere"));
}

TEST_F(Postgres, RollbackDropsWhatWasQueued) {
  must("CREATE TABLE t (n bigint)");
  connection_->queue_begin();
  connection_->queue("INSERT INTO t VALUES (1)");
  connection_->rollback();
  EXPECT_EQ(number("SELECT count(*) FROM t"), 0);
}

TEST_F(Postgres, ADeadlockMayBeTriedAgain) {
  must("CREATE TABLE t (n bigint PRIMARY KEY, v bigint); INSERT INTO t VALUES (1, 0), (2, 0)");
  const auto other = open();
  ASSERT_TRUE(connection_->script("BEGIN; UPDATE t SET v = 1 WHERE n = 1"));
  ASSERT_TRUE(other->script("BEGIN; UPDATE t SET v = 2 WHERE n = 2"));
  Result<void> crossed;
  std::thread thread([&] { crossed = other->script("UPDATE t SET v = 2 WHERE n = 1"); });
  const auto mine = connection_->script("UPDATE t SET v = 1 WHERE n = 2");
  if (!mine) connection_->rollback();
  thread.join();
  ASSERT_NE(mine.has_value(), crossed.has_value()) << "exactly one of them is the victim";
  EXPECT_EQ((mine ? crossed : mine).error().kind, ErrorClass::kRetry);
}

TEST_F(Postgres, AConnectionThatIsCutOffIsGone) {
  ASSERT_TRUE(connection_->run("SELECT 1"));
  shared_server().run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" +
                      url_.substr(url_.find("test_"), url_.find('?') - url_.find("test_")) + "'");
  const auto rows = connection_->run("SELECT 1");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().kind, ErrorClass::kConnection);
  EXPECT_FALSE(connection_->alive());
  EXPECT_FALSE(connection_->run("SELECT 1"));
  EXPECT_EQ(connection_->commit().fate, Fate::kRolledBack) << "it has not left";
}

TEST_F(Postgres, WhatWasSentIntoSilenceIsUnknown) {
  must("CREATE TABLE t (n bigint)");
  const auto other = open();
  ASSERT_TRUE(other->script("BEGIN; LOCK TABLE t"));
  const auto hasty = open(milliseconds(100));
  hasty->queue_begin();
  hasty->queue("INSERT INTO t VALUES (1)");
  const auto begin = std::chrono::steady_clock::now();
  const auto done = hasty->commit();
  EXPECT_EQ(done.fate, Fate::kUnknown);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
  EXPECT_FALSE(hasty->alive());
}

TEST_F(Postgres, TellsNotifications) {
  const auto listener = open();
  ASSERT_TRUE(listener->run("LISTEN prices"));
  EXPECT_TRUE(listener->wait_for_notifications(milliseconds(20))->empty());
  ASSERT_TRUE(connection_->run("SELECT pg_notify('prices', 'apple')"));
  const auto told = listener->wait_for_notifications(std::chrono::seconds(10));
  ASSERT_TRUE(told);
  ASSERT_EQ(told->size(), 1U);
  EXPECT_EQ(told->front().channel, "prices");
  EXPECT_EQ(told->front().payload, "apple");
  ASSERT_TRUE(listener->run("SELECT 1")) << "it can still be asked";
}

TEST_F(Postgres, AReadOnlyConnectionWritesNothing) {
  must("CREATE TABLE t (n bigint)");
  const auto reader = Connection::open({.url = url_, .read_only = true});
  ASSERT_TRUE(reader);
  EXPECT_TRUE((*reader)->run("SELECT count(*) FROM t"));
  EXPECT_FALSE((*reader)->run("INSERT INTO t VALUES (1)"));
}

constexpr std::string_view kFirst = "CREATE TABLE a (n bigint); INSERT INTO a VALUES (1)";
constexpr std::string_view kSecond = "ALTER TABLE a ADD COLUMN m bigint";
constexpr std::string_view kBroken = "CREATE TABLE b (n bigint); CREATE TABLE b (n bigint)";

class PostgresSchema : public Postgres {
 protected:
  std::unique_ptr<Connection> connect() const {
    return std::move(*Connection::open({.url = url_, .schema = "ldt_test", .application_name = "tests"}));
  }
};

TEST_F(PostgresSchema, IsBroughtUpToDateOnce) {
  const std::string_view old[] = {kFirst};
  const std::string_view all[] = {kFirst, kSecond};
  const auto connection = connect();
  EXPECT_EQ(check_version(*connection, "ldt_test", old).error().kind, ErrorKind::kConflict);
  EXPECT_EQ(migrate(*connection, "ldt_test", old), 0);
  EXPECT_TRUE(check_version(*connection, "ldt_test", old));
  EXPECT_NE(check_version(*connection, "ldt_test", all).error().detail.find("run `ldt migrate`"), std::string::npos);
  EXPECT_EQ(migrate(*connection, "ldt_test", all), 1);
  EXPECT_EQ(migrate(*connection, "ldt_test", all), 2);
  EXPECT_TRUE(check_version(*connection, "ldt_test", all));
  EXPECT_NE(check_version(*connection, "ldt_test", old).error().detail.find("newer"), std::string::npos);
  EXPECT_NE(migrate(*connection, "ldt_test", old).error().detail.find("newer"), std::string::npos);
  EXPECT_EQ(number("SELECT count(*) FROM ldt_test.a"), 1);
}

TEST_F(PostgresSchema, IsMigratedByOneOfManyAtOnce) {
  const std::string_view all[] = {kFirst, kSecond};
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] { good += migrate(*connect(), "ldt_test", all).has_value() ? 1 : 0; });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 6);
  EXPECT_EQ(number("SELECT count(*) FROM ldt_test.a"), 1);
}

TEST_F(PostgresSchema, IsLeftAsItWasByAMigrationThatFails) {
  const std::string_view broken[] = {kFirst, kBroken};
  const auto connection = connect();
  EXPECT_FALSE(migrate(*connection, "ldt_test", broken));
  EXPECT_EQ(number("SELECT count(*) FROM pg_namespace WHERE nspname = 'ldt_test'"), 0);
  const std::string_view good[] = {kFirst};
  EXPECT_EQ(migrate(*connection, "ldt_test", good), 0);
}

TEST_F(PostgresSchema, AServerThatMayLoseCommitsIsRefusedUnlessAllowedByName) {
  EXPECT_TRUE(check_durability(*connection_, {}));
  must("SET synchronous_commit = off");
  const auto refused = check_durability(*connection_, {"local"});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("synchronous_commit is off"), std::string::npos);
  EXPECT_TRUE(check_durability(*connection_, {"off"}));
  must("SET synchronous_commit = remote_apply");
  EXPECT_TRUE(check_durability(*connection_, {}));
}

TEST(PostgresUrl, IsShownWithoutItsPassword) {
  const std::string url = "postgresql://ann:s3cret@db1:5432,db2:5433/ldt?sslmode=disable";
  EXPECT_TRUE(check_url(url));
  EXPECT_EQ(place_of(url), "db1:5432,db2:5433/ldt");
  EXPECT_FALSE(check_url("ldt.db"));
  const auto bad = check_url("postgresql://ann:s3cret@db1:port%zz");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().detail.find("s3cret"), std::string::npos);
}

/// A server of its own, since it is killed.
TEST(PostgresLink, ComesBackWithItsServer) {
  PostgresServer server({.in_memory = true});
  Link link({.url = server.tcp_url(), .application_name = "tests"});
  auto first = link.get();
  ASSERT_TRUE(first) << first.error().detail;
  ASSERT_TRUE((*first)->run("SELECT 1"));
  server.kill();
  EXPECT_FALSE((*first)->run("SELECT 1"));
  const auto away = link.get();
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().kind, ErrorClass::kConnection);
  server.start();
  int failures = 0;
  const auto back = link.wait([&](const Error&) {
    std::this_thread::sleep_for(milliseconds(20));
    return ++failures < 500;
  });
  ASSERT_TRUE(back) << back.error().detail;
  EXPECT_TRUE((*back)->run("SELECT 1"));
}

TEST(PostgresLink, AFrozenServerShowsInTime) {
  PostgresServer server({.in_memory = true});
  Link link({.url = server.tcp_url(), .application_name = "tests", .patience = milliseconds(300)});
  ASSERT_TRUE(link.get());
  server.freeze();
  const auto begin = std::chrono::steady_clock::now();
  const auto rows = (*link.get())->run("SELECT 1");
  server.thaw();
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().kind, ErrorClass::kConnection);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
}

}  // namespace
}  // namespace ldt::postgres
