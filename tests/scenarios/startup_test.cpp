// Starting and stopping: what is printed, what is seeded, what survives, and one clear line where it cannot start.
#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "support/database.h"
#include "support/scenario.h"

namespace ldt::testing {
namespace {

constexpr int kCannot = 3;

std::string loopback_with_a_free_port() { return "127.0.0.1:" + std::to_string(free_port()); }

Finished up(const std::filesystem::path& data, const std::string& http, std::vector<std::string> more = {}) {
  std::vector<std::string> words{program("ldt"), "up", "--data", data, "--http", http};
  words.insert(words.end(), more.begin(), more.end());
  return run_to_end({words, {}, {}});
}

/// One line that names the trouble, nothing on top of it.
void expect_one_line_naming(const Finished& finished, const std::string& word) {
  EXPECT_EQ(finished.exit_code, kCannot) << finished.output;
  EXPECT_NE(finished.output.find(word), std::string::npos) << finished.output;
  EXPECT_EQ(std::count(finished.output.begin(), finished.output.end(), '\n'), 1) << finished.output;
}

TEST(Up, SeedsAnEmptyFolderIsReadyWithinSecondsAndSaysWhatToTry) {
  // The quickest of a few starts: the machine may have something else to do during one of them.
  auto quickest = std::chrono::steady_clock::duration::max();
  for (int i = 0; i < 4 && quickest >= std::chrono::seconds(3); ++i) {
    const auto began = std::chrono::steady_clock::now();
    const Marketplace started;
    quickest = std::min(quickest, std::chrono::steady_clock::now() - began);
  }
  EXPECT_LT(quickest, std::chrono::seconds(3));
  Marketplace market;
  auto client = market.client();
  EXPECT_EQ(client.stock("late-day"), (Stock{10, 500, 0, 0}));
  EXPECT_TRUE(eventually([&] { return market.printed().find("ldt order") != std::string::npos; })) << market.printed();
  EXPECT_NE(market.printed().find(market.address()), std::string::npos) << market.printed();
}

TEST(Up, KeepsTheTokenAndTheSocketsToTheOwner) {
  Marketplace market;
  const auto mode_of = [&](const std::string& name) {
    struct stat status {};
    EXPECT_EQ(::stat((market.data() / name).c_str(), &status), 0) << name;
    return status.st_mode & 0777;
  };
  EXPECT_EQ(mode_of("operator.token"), 0600u);
  EXPECT_EQ(mode_of("run") & 077, 0u);
  for (const auto& service : kServices) EXPECT_EQ(mode_of("run/" + service + ".sock") & 077, 0u) << service;
}

TEST(Up, FindsItsDataAgainAfterDown) {
  Marketplace market;
  auto client = market.client();
  const auto placed = client.place(OrderRequest{.user = "alice", .sku = "late-day", .quantity = 3}).body;
  EXPECT_EQ(placed.at("state"), "COMPLETED");
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(market.stop().exit_code, 0);
    EXPECT_FALSE(market.ready());
    market.start();
    EXPECT_EQ(client.order(placed.at("id")).at("state"), "COMPLETED");
    EXPECT_EQ(client.credits("alice"), kInitialCredits - 30);
    EXPECT_EQ(client.tokens("alice"), 3);
    EXPECT_EQ(client.stock("late-day"), (Stock{10, 497, 0, 3})) << "not seeded again";
    EXPECT_TRUE(client.audit().at("ok").get<bool>());
  }
}

TEST(Up, RefusesFailureInstructionsWithoutPermission) {
  Marketplace market({.up_flags = {"--no-failures"}});
  auto client = market.client();
  const OrderRequest bad{
      .user = "alice", .sku = "late-day", .failures = {{.step = "payment.charge", .kind = "TIMEOUT"}}};
  expect_problem(client.place(bad), 403);
  EXPECT_TRUE(client.orders("user=alice").empty());
  EXPECT_EQ(client.place(OrderRequest{.user = "alice", .sku = "late-day"}).status, 201);
  EXPECT_TRUE(client.audit().at("ok").get<bool>());
}

TEST(Up, DetachedRunsOnUntilDown) {
  const TemporaryFolder data;
  const auto address = loopback_with_a_free_port();
  const auto started = up(data.path(), address, {"--detach"});
  EXPECT_EQ(started.exit_code, 0) << started.output;
  EXPECT_EQ(Http(address).send("GET", "/readyz").status, 200) << "it returns once ready";
  const auto down = run_to_end({{program("ldt"), "down", "--data", data.path()}, {}, {}});
  EXPECT_EQ(down.exit_code, 0) << down.output;
  EXPECT_FALSE(Http(address).send("GET", "/readyz").arrived());
}

TEST(Up, OnAPortInUseSaysSoInOneLine) {
  Marketplace market;
  const TemporaryFolder other;
  expect_one_line_naming(up(other.path(), market.address()), market.address());
  EXPECT_TRUE(market.ready());
}

TEST(Up, OnADataFolderInUseSaysSoInOneLine) {
  Marketplace market;
  expect_one_line_naming(up(market.data(), loopback_with_a_free_port()), "use");
  EXPECT_TRUE(market.ready());
}

TEST(Up, OnADataFolderOfANewerVersionSaysSoInOneLine) {
  Marketplace market;
  market.stop();
  std::ofstream(market.data() / "version") << "999\n";
  expect_one_line_naming(up(market.data(), loopback_with_a_free_port()), "999");
}

TEST(Up, OnADatabaseOfANewerVersionSaysSoAndStops) {
  for (const auto& service : kServices) {
    Marketplace market;
    market.stop();
    std::vector<std::string> store;
    if (stores_in_postgres()) {
      market.change_store("INSERT INTO ldt_" + service + ".schema_version (version) VALUES (999)");
      store = {"--store", market.store()};
    } else {
      change_database(market.data() / service / (service + ".db"), "PRAGMA user_version = 999");
    }
    const auto refused = up(market.data(), loopback_with_a_free_port(), store);
    EXPECT_EQ(refused.exit_code, kCannot) << refused.output;
    EXPECT_NE(refused.output.find("newer"), std::string::npos) << refused.output;
  }
}

TEST(Up, SaysThatACrashedServiceIsStartedAgain) {
  Marketplace market;
  const auto before = market.pid_of("delivery");
  market.kill_service("delivery");
  EXPECT_TRUE(eventually([&] { return market.pid_of("delivery") != before && market.ready(); }));
  EXPECT_NE(market.printed().find("delivery"), std::string::npos) << market.printed();
}

TEST(Down, OfNothingSaysSo) {
  const TemporaryFolder data;
  const auto down = run_to_end({{program("ldt"), "down", "--data", data.path()}, {}, {}});
  EXPECT_FALSE(down.output.empty());
}

TEST(Readyz, SaysWhichPartIsMissing) {
  for (const std::string service : {"payment", "inventory", "delivery"}) {
    Marketplace market;
    market.pause_supervisor();  // so that it does not start the service again at once
    market.kill_service(service);
    EXPECT_TRUE(eventually([&] { return !market.ready(); }));
    const auto answer = Http(market.address()).send("GET", "/readyz");
    EXPECT_EQ(answer.status, 503);
    EXPECT_NE(answer.text.find(service), std::string::npos) << answer;
    market.resume_supervisor();
    EXPECT_TRUE(eventually([&] { return market.ready(); }));
  }
}

}  // namespace
}  // namespace ldt::testing
