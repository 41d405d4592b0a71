// `ldt bench` from end to end: figures that can be true, books that are proven, nothing left behind; and the counters
// of GET /v1/statistics that its costs come from. How fast anything is, nobody judges here.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "support/scenario.h"

namespace ldt::testing {
namespace {

namespace fs = std::filesystem;

constexpr int kOk = 0;
constexpr int kNegative = 1;
constexpr int kUsage = 2;
constexpr int kCannot = 3;
constexpr std::chrono::seconds kPatience{60};

std::vector<std::string> bench_words(std::vector<std::string> more) {
  std::vector<std::string> words{program("ldt"), "bench", "--json", "--warmup", "0.2"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// What follows the progress; null where it is no JSON.
Json report_of(const Finished& finished) {
  const auto begin = finished.output.find("{\"ok\"");
  if (begin == std::string::npos) return nullptr;
  const Json report = Json::parse(finished.output.substr(begin), nullptr, false);
  return report.is_discarded() ? Json(nullptr) : report;
}

/// True where a process has the text on its command line.
bool runs_with(const std::string& text) {
  for (const auto& entry : fs::directory_iterator("/proc")) {
    if (read_text(entry.path() / "cmdline").find(text) != std::string::npos) return true;
  }
  return false;
}

class OwnBench : public ::testing::Test {
 protected:
  /// Runs it on a marketplace of its own, in a folder in which nothing may stay.
  Json run(std::vector<std::string> more, int exit_code = kOk) {
    more.insert(more.end(), {"--in", folder_.path()});
    const auto finished = run_to_end({bench_words(std::move(more)), {}, {}}, kPatience);
    EXPECT_EQ(finished.exit_code, exit_code) << finished.output;
    expect_nothing_left();
    return report_of(finished);
  }

  void expect_nothing_left() const {
    EXPECT_TRUE(fs::is_empty(folder_.path())) << fs::directory_iterator(folder_.path())->path();
    EXPECT_FALSE(runs_with(folder_.path()));
  }

  /// What holds of every good report.
  static void expect_plausible(const Json& report) {
    ASSERT_FALSE(report.is_null());
    EXPECT_TRUE(report.at("ok").get<bool>()) << report.dump(2);
    for (const auto* error : {"unexpected", "lost", "overloaded"}) EXPECT_EQ(report.at("errors").at(error), 0) << error;
    const auto& latency = report.at("latency_us");
    std::int64_t last = 1;
    for (const auto* name : {"p50", "p90", "p99", "p999", "max"}) {
      EXPECT_GE(latency.at(name).get<std::int64_t>(), last) << latency;
      last = latency.at(name);
    }
    EXPECT_LT(last, 30'000'000);
    EXPECT_GT(report.at("no_work").at("requests_per_second").get<double>(),
              report.at("orders_per_second").get<double>());
    EXPECT_TRUE(report.at("audit").at("ok").get<bool>());
    const auto& states = report.at("audit").at("orders");
    EXPECT_GE(states.at("COMPLETED").get<std::int64_t>() + states.at("REVERTED").get<std::int64_t>(),
              report.at("orders").get<std::int64_t>());
    EXPECT_EQ(states.at("RUNNING"), 0);
  }

  TemporaryFolder folder_;
};

TEST_F(OwnBench, MeasuresOrdersAndWhatTheyCostAndLeavesNothingBehind) {
  const Json report = run({"--duration", "1", "--connections", "8"});
  expect_plausible(report);
  const auto orders = report.at("orders").get<std::int64_t>();
  EXPECT_GT(orders, 20);
  EXPECT_NEAR(report.at("orders_per_second").get<double>(), static_cast<double>(orders), orders * 0.2);
  EXPECT_EQ(report.at("outcomes").size(), 1u) << report.at("outcomes");
  EXPECT_NEAR(report.at("outcomes").at("SUCCESS").get<double>(), static_cast<double>(orders), 8);

  const auto& costs = report.at("costs");
  const auto counted = costs.at("orders").get<std::int64_t>();
  ASSERT_EQ(costs.at("services").size(), kServices.size());
  for (const auto& service : costs.at("services")) {
    const auto name = service.at("service").get<std::string>();
    EXPECT_NE(std::find(kServices.begin(), kServices.end(), name), kServices.end()) << name;
    EXPECT_GT(service.at("cpu_us").get<std::int64_t>(), 0) << name;
    EXPECT_GT(service.at("resident_bytes").get<std::int64_t>(), 1'000'000) << name;
    // The order service writes each order twice, a participant once; those under way at the ends blur it.
    const std::int64_t wanted = counted * (name == "order" ? 2 : 1);
    EXPECT_NEAR(service.at("operations").get<double>(), static_cast<double>(wanted), 2.0 * 8 + wanted * 0.1) << name;
    const bool own_fsyncs = !stores_in_postgres();  // else they are the server's
    EXPECT_GE(service.at("fsyncs").get<std::int64_t>() + 1, own_fsyncs ? service.at("commits").get<std::int64_t>() : 0)
        << name;  // W1, W2
    EXPECT_GE(service.at("operations").get<std::int64_t>(), service.at("commits").get<std::int64_t>()) << name;
    EXPECT_GT(service.at("bytes_per_order").get<double>(), 50) << name;
  }
  EXPECT_GT(costs.at("generator").at("cpu_us").get<std::int64_t>(), 0);
}

TEST_F(OwnBench, FailsTheShareThatWasAskedForAndKnowsHowEachOrderEnds) {
  const Json report = run({"--duration", "1", "--connections", "8", "--failures", "30"});
  expect_plausible(report);
  const auto& outcomes = report.at("outcomes");
  for (const auto* outcome : {"INSUFFICIENT_FUND", "INSUFFICIENT_INVENTORY", "UNDELIVERABLE", "UNKNOWN", "SUCCESS"}) {
    EXPECT_GT(outcomes.value(outcome, 0), 0) << outcomes;
  }
  const double success = outcomes.at("SUCCESS").get<double>() / report.at("orders").get<double>();
  EXPECT_NEAR(success, 0.7, 0.15);
  EXPECT_GT(report.at("audit").at("orders").at("REVERTED").get<std::int64_t>(), 0);
}

TEST_F(OwnBench, BeginsOrdersAtTheRateThatWasAskedFor) {
  const Json report = run({"--duration", "1", "--connections", "32", "--rate", "100", "--hot", "sku"});
  expect_plausible(report);
  EXPECT_NEAR(report.at("orders_per_second").get<double>(), 100, 20);
  std::int64_t measured = report.at("errors").at("unsent");
  for (const auto& [outcome, count] : report.at("outcomes").items()) measured += count.get<std::int64_t>();
  EXPECT_NEAR(static_cast<double>(measured), 100, 2) << "each one that was due counts";
}

TEST_F(OwnBench, LeavesNothingBehindWhenItIsInterrupted) {
  Process bench({bench_words({"--duration", "60", "--in", folder_.path()}), folder_.path() / "output", {}});
  const auto under_load = [&] { return read_text(folder_.path() / "output").find("orders/s") != std::string::npos; };
  EXPECT_TRUE(eventually(under_load)) << read_text(folder_.path() / "output");
  bench.signal(SIGINT);
  EXPECT_EQ(bench.wait(kPatience), kCannot);
  fs::remove(folder_.path() / "output");
  expect_nothing_left();
}

TEST_F(OwnBench, ExplainsItselfWhenItIsMisused) {
  for (const auto& words : std::vector<std::vector<std::string>>{{"--hot", "day"},
                                                                 {"--connections", "0"},
                                                                 {"--duration", "0"},
                                                                 {"--failures", "101"},
                                                                 {"--rate", "-1"},
                                                                 {"--users", "many"},
                                                                 {"--in", folder_.path() / "missing"},
                                                                 {"--in", folder_.path(), "--url", "127.0.0.1:1"},
                                                                 {"nonsense"}}) {
    const auto finished = run_to_end({bench_words(words), {}, {}});
    EXPECT_EQ(finished.exit_code, kUsage) << words[0] << ": " << finished.output;
    EXPECT_FALSE(finished.output.empty());
  }
  const auto unreachable = bench_words({"--url", "127.0.0.1:" + std::to_string(free_port())});
  EXPECT_EQ(run_to_end({unreachable, {}, {}}).exit_code, kCannot);
}

TEST(BenchOfARunningMarketplace, UsesItAndLeavesItRunning) {
  Marketplace market;
  auto client = market.client();
  const auto finished =
      market.ldt({"bench", "--json", "--duration", "0.3", "--warmup", "0", "--connections", "4", "--users", "3"});
  EXPECT_EQ(finished.exit_code, kOk) << finished.output;
  const Json report = report_of(finished);
  ASSERT_FALSE(report.is_null()) << finished.output;
  EXPECT_EQ(client.orders("user=bench-00000000").size() + client.orders("user=bench-00000001").size() +
                client.orders("user=bench-00000002").size(),
            report.at("audit").at("orders").at("COMPLETED").get<std::size_t>());
  EXPECT_EQ(client.place(OrderRequest{.user = "alice", .sku = "late-day"}).status, 201);

  const TemporaryFolder nothing;
  const auto stranger = run_to_end(
      {{program("ldt"), "bench", "--url", market.address(), "--data", nothing.path(), "--duration", "0.1"}, {}, {}});
  EXPECT_EQ(stranger.exit_code, kNegative) << "no operator token: " << stranger.output;
  EXPECT_NE(stranger.output.find("401"), std::string::npos) << stranger.output;
}

Json statistics_of(Client& client, const std::string& service) {
  const Json services = client.send("GET", "/v1/statistics").body.at("services");
  for (const auto& each : services) {
    if (each.at("service").get<std::string>() == service) return each;
  }
  return nullptr;
}

TEST(Statistics, CountWhatAnOrderCostsInEachService) {
  Marketplace market;
  auto client = market.client();
  std::map<std::string, Json> before;
  for (const auto& service : kServices) before[service] = statistics_of(client, service);
  ASSERT_EQ(client.place(OrderRequest{.user = "alice", .sku = "late-day"}).status, 201);
  for (const auto& service : kServices) {
    const Json now = statistics_of(client, service);
    const auto more = [&](const char* counter) {
      return now.at(counter).get<std::int64_t>() - before[service].at(counter).get<std::int64_t>();
    };
    const std::int64_t commits = service == "order" ? 2 : 1;
    EXPECT_TRUE(now.at("up").get<bool>());
    EXPECT_EQ(more("commits"), commits) << service << ": nothing shares a commit with a lonely order";
    EXPECT_EQ(more("operations"), commits) << service;
    EXPECT_GE(more("fsyncs"), stores_in_postgres() ? 0 : commits) << service;
    EXPECT_GT(more("bytes_written"), 0) << service;
    EXPECT_GT(more("uptime_us"), 0) << service;
    std::int64_t in_batches = 0;
    for (const auto& batch : now.at("batch_sizes")) in_batches += batch.at("count").get<std::int64_t>();
    EXPECT_EQ(in_batches, now.at("commits").get<std::int64_t>()) << service;
  }
}

TEST(Statistics, NameAServiceThatCannotBeAsked) {
  Marketplace market;
  auto client = market.client();
  expect_problem(client.send("GET", "/v1/statistics", {{"Expect", "a miracle"}}), 417);
  market.pause_supervisor();
  market.kill_service("delivery");
  const auto gone = [&] { return statistics_of(client, "delivery") == Json({{"service", "delivery"}, {"up", false}}); };
  EXPECT_TRUE(eventually(gone)) << statistics_of(client, "delivery");
  EXPECT_TRUE(statistics_of(client, "payment").at("up").get<bool>());
  market.resume_supervisor();
  EXPECT_TRUE(eventually([&] { return statistics_of(client, "delivery").at("up").get<bool>(); }));
}

}  // namespace
}  // namespace ldt::testing
