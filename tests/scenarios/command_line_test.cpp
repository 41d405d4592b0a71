// The command line against a running marketplace: what it prints, and what it tells the shell.
#include "support/scenario.h"

namespace ldt::testing {
namespace {

constexpr int kOk = 0;
constexpr int kNegative = 1;
constexpr int kUsage = 2;
constexpr int kCannot = 3;

class CommandLine : public Scenario {
 protected:
  static void expect_in_order(const std::string& text, const std::vector<std::string>& pieces) {
    std::size_t at = 0;
    for (const auto& piece : pieces) {
      const auto found = text.find(piece, at);
      ASSERT_NE(found, std::string::npos) << "'" << piece << "' is missing, or out of order, in:\n" << text;
      at = found + piece.size();
    }
  }

  std::string user_ = new_user();
  std::string sku_ = new_sku(10, 100);
};

TEST_F(CommandLine, PlacesAnOrderAndShowsItsTimeline) {
  const auto finished = market.ldt({"order", user_, sku_, "2"});
  EXPECT_EQ(finished.exit_code, kOk) << finished.output;
  expect_in_order(finished.output, {"payment.charge", "inventory.reserve", "delivery.deliver", "COMPLETED"});
}

TEST_F(CommandLine, ShowsEachAttemptStruckInstructionAndUndoOfAnOrderThatFails) {
  const auto finished = market.ldt({"order", user_, sku_, "2", "--fail", "delivery.deliver=TIMEOUT:applied", "--fail",
                                    "payment.refund=UNKNOWN:n=1", "--step-timeout-ms", "250"});
  EXPECT_EQ(finished.exit_code, kNegative) << finished.output;
  const auto page = finished.output.substr(finished.output.rfind(" buys "));
  expect_in_order(page, {"payment.charge", "inventory.reserve", "delivery.deliver", "attempt 1", "TIMEOUT", "struck",
                         "attempt 3", "delivery.revoke", "inventory.release", "payment.refund", "UNKNOWN", "struck",
                         "payment.refund", "attempt 2", "REVERTED", "TIMEOUT"});
}

TEST_F(CommandLine, FollowsAnOrderOverTheCrashOfTheOrderService) {
  const auto finished = market.ldt({"order", user_, sku_, "1", "--fail", "order.finish=CRASH"});
  EXPECT_EQ(finished.exit_code, kOk) << finished.output;
  expect_in_order(finished.output, {"COMPLETED"});
}

TEST_F(CommandLine, SaysNoToAnOrderThatIsRefused) {
  EXPECT_EQ(market.ldt({"order", user_, "no-such-sku", "1"}).exit_code, kNegative);
  EXPECT_EQ(market.ldt({"order", user_, sku_, "0"}).exit_code, kNegative);
  EXPECT_EQ(market.ldt({"order", user_, sku_, "99"}).exit_code, kNegative) << "too few credits";
  EXPECT_EQ(market.ldt({"order", user_, sku_, "1", "--fail", "payment.refund=REFUSE"}).exit_code, kNegative);
}

TEST_F(CommandLine, ExplainsItselfWhenItIsMisused) {
  for (const auto& words : std::vector<std::vector<std::string>>{{"order", user_},
                                                                 {"order", user_, sku_, "two"},
                                                                 {"nonsense"},
                                                                 {"order", user_, sku_, "1", "--fail", "what"}}) {
    const auto finished = market.ldt(words);
    EXPECT_EQ(finished.exit_code, kUsage) << finished.output;
    EXPECT_FALSE(finished.output.empty());
  }
}

TEST_F(CommandLine, ReadsWhatThereIsAsTextAndAsJson) {
  const std::string id = client.place(OrderRequest{.user = user_, .sku = sku_, .quantity = 2}).body.at("id");
  const auto orders = market.ldt({"orders", "--user", user_});
  EXPECT_EQ(orders.exit_code, kOk);
  expect_in_order(orders.output, {id});
  expect_in_order(market.ldt({"account", user_}).output, {"480"});
  expect_in_order(market.ldt({"wallet", user_}).output, {id});
  expect_in_order(market.ldt({"inventory", sku_}).output, {"98"});
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"orders"}, {"orders", id}, {"account", user_}, {"wallet", user_}, {"inventory"}, {"sagas"}, {"audit"}}) {
    auto with_json = words;
    with_json.push_back("--json");
    const auto finished = market.ldt(with_json);
    EXPECT_EQ(finished.exit_code, kOk) << words[0] << ": " << finished.output;
    EXPECT_FALSE(Json::parse(finished.output, nullptr, false).is_discarded()) << finished.output;
  }
}

TEST_F(CommandLine, ProvesTheBooks) {
  const auto finished = market.ldt({"audit"});
  EXPECT_EQ(finished.exit_code, kOk) << finished.output;
  expect_in_order(finished.output, {"credits", "holds", "stock", "holds", "clean"});
}

TEST_F(CommandLine, RetriesAndCancelsHeldOrders) {
  for (const std::string verb : {"retry", "cancel"}) {
    const auto placed = market.ldt({"order", user_, sku_, "1", "--fail", "inventory.reserve=TIMEOUT:n=1", "--hold",
                                    "--max-attempts", "1", "--step-timeout-ms", "250", "--json"});
    EXPECT_EQ(placed.exit_code, kNegative) << "held is not completed";
    const std::string id = Json::parse(placed.output).at("id");
    EXPECT_EQ(market.ldt({verb, id}).exit_code, kOk);
    EXPECT_EQ(client.order_at_its_end(id).at("outcome"), verb == "retry" ? "SUCCESS" : "CANCELLED");
    EXPECT_EQ(market.ldt({verb, id}).exit_code, kNegative) << "it has ended";
  }
}

TEST_F(CommandLine, ShowsTheLinesOfAllServicesForOneOrder) {
  const std::string id = client.place(OrderRequest{.user = user_, .sku = sku_}).body.at("id");
  Finished logs;
  const auto complete = [&] {
    logs = market.ldt({"logs", id, "--json", "--files"});
    for (const auto& service : kServices) {
      if (logs.output.find("\"service\":\"" + service + "\"") == std::string::npos) return false;
    }
    return true;
  };
  EXPECT_TRUE(eventually(complete)) << logs.output;
  EXPECT_EQ(logs.exit_code, kOk);
  const std::string trace = client.order(id).at("trace_id");
  std::istringstream lines(logs.output);
  std::string last;
  for (std::string line; std::getline(lines, line);) {
    const auto record = Json::parse(line);
    EXPECT_EQ(record.at("order_id"), id);
    EXPECT_EQ(record.at("trace_id"), trace);
    EXPECT_LE(last, record.at("time").get<std::string>()) << "out of order";
    last = record.at("time");
  }
}

TEST_F(CommandLine, SaysThatNothingRunsInAnotherFolder) {
  const TemporaryFolder empty;
  const auto ask = [&](std::vector<std::string> words) {
    words.insert(words.begin(), program("ldt"));
    words.insert(words.end(), {"--data", empty.path()});
    return run_to_end({words, {}, {{"LDT_HTTP", "127.0.0.1:" + std::to_string(free_port())}}});
  };
  EXPECT_EQ(ask({"audit"}).exit_code, kCannot);
  EXPECT_EQ(ask({"order", user_, sku_, "1"}).exit_code, kCannot);
}

}  // namespace
}  // namespace ldt::testing
