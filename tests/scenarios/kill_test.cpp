// kill -9 with orders under way: nothing acknowledged is lost, nothing takes effect twice, everything ends.
#include <signal.h>

#include <future>
#include <thread>

#include "support/load.h"
#include "support/scenario.h"

namespace ldt::testing {
namespace {

constexpr int kClients = 6;
constexpr int kBetweenKills = 60;  // orders acknowledged

class Kill : public Scenario {
 protected:
  void SetUp() override {
    for (int i = 0; i < kClients; ++i) users_.push_back(new_user_with(1'000'000));
    load_ = std::make_unique<Load>(market, users_, new_sku(1, 1'000'000));
    await_progress();
  }

  /// Waits until more orders have been acknowledged: the marketplace works.
  void await_progress() {
    const int goal = load_->acknowledged_count() + kBetweenKills;
    EXPECT_TRUE(eventually([&] { return load_->acknowledged_count() >= goal; }, std::chrono::seconds(40)))
        << "no progress; the marketplace printed:\n"
        << market.printed();
  }

  /// Every order that was answered with 2xx is there, once, and ends. That none took effect twice show the books.
  void expect_nothing_lost() {
    load_->stop();
    EXPECT_EQ(load_->surprises(), std::vector<std::string>{});
    std::map<std::string, Json> orders;
    for (const auto& user : users_) {
      for (auto& order : orders_of(user)) orders[order.at("id")] = client.order_at_its_end(order.at("id"));
    }
    int completed = 0;
    for (const auto& [key, id] : load_->acknowledged()) {
      ASSERT_TRUE(orders.contains(id)) << key << " was acknowledged and is lost: " << id;
      completed += orders[id].at("state") == "COMPLETED" ? 1 : 0;
    }
    EXPECT_EQ(orders.size(), load_->acknowledged().size()) << "each key makes one order";
    EXPECT_GE(completed, kBetweenKills);
  }

  std::vector<std::string> users_;
  std::unique_ptr<Load> load_;
};

class KillService : public Kill, public ::testing::WithParamInterface<std::string> {};

TEST_P(KillService, AgainAndAgainLosesNothing) {
  for (int round = 0; round < 3; ++round) {
    market.kill_service(GetParam());
    await_progress();
  }
  expect_nothing_lost();
}

INSTANTIATE_TEST_SUITE_P(Of, KillService, ::testing::ValuesIn(kServices),
                         [](const auto& tested) { return tested.param; });

TEST_F(Kill, OfAllServicesAtOnceLosesNothing) {
  for (const auto& service : kServices) kill(market.pid_of(service), SIGKILL);
  await_progress();
  expect_nothing_lost();
}

TEST_F(Kill, OfTheSupervisorEndsItsServicesAndLosesNothing) {
  std::vector<pid_t> old;
  for (const auto& service : kServices) old.push_back(market.pid_of(service));
  market.kill_supervisor();
  market.start();
  for (const auto pid : old)
    EXPECT_FALSE(is_running(pid)) << "a service outlived its supervisor and the next one's start";
  await_progress();
  expect_nothing_lost();
}

TEST_F(Kill, OfEverythingLosesNothing) {
  market.kill_everything();
  market.start();
  await_progress();
  expect_nothing_lost();
}

TEST_F(Kill, ByAnOrderlyStopLosesNothing) {
  const auto printed_before = market.printed().size();
  EXPECT_EQ(market.stop().exit_code, 0);
  const auto printed = market.printed().substr(printed_before);
  EXPECT_EQ(printed.find("killing"), std::string::npos) << "a service did not stop by itself:\n" << printed;
  market.start();
  await_progress();
  expect_nothing_lost();
}

class Restart : public Scenario {
 protected:
  /// How an order ends for whose first attempt at its charge payment is away, longer than an attempt lasts.
  std::string end_of_order_amid_restart() {
    const OrderRequest request{
        .user = new_user(), .sku = new_sku(1, 1), .handling = {.max_attempts = 1, .step_timeout_ms = 100}};
    market.pause_supervisor();
    market.kill_service("payment");
    auto placed = std::async(std::launch::async, [&] { return market.client().place(request); });
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    market.resume_supervisor();
    return client.order_at_its_end(placed.get().body.at("id")).at("state");
  }
};

// Of a few: on a machine that stands still an attempt may really last too long.
TEST_F(Restart, OfAParticipantCostsTheOrdersThatWaitForItNoAttempt) {
  std::vector<std::string> ends;
  do ends.push_back(end_of_order_amid_restart());
  while (ends.back() != "COMPLETED" && ends.size() < 5);
  EXPECT_EQ(ends.back(), "COMPLETED") << "each of " << ends.size();
}

}  // namespace
}  // namespace ldt::testing
