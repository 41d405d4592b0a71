// More orders than are taken: refused at once, with a word on when to come again; those that were accepted all end, and
// those that were refused never were.
#include <atomic>

#include "support/scenario.h"

namespace ldt::testing {
namespace {

constexpr int kMostOrders = 20'000;  // more than are ever in flight
constexpr int kThreads = 32;
constexpr int kRefusals = 100;

Json patient_order(int number) {
  return {{"user", "crowd-" + std::to_string(number % 1'000)},
          {"sku", "late-day"},
          {"quantity", 1},
          {"handling", {{"step_timeout_ms", 10'000}, {"max_attempts", 10}}}};
}

TEST(Overload, IsRefusedAtOnceAndWhatWasAcceptedEnds) {
  Marketplace market;
  Client owner = market.client();
  owner.restock("late-day", kMostOrders);
  owner.set_price("late-day", 1);
  const pid_t delivery = market.pid_of("delivery");
  ASSERT_EQ(::kill(delivery, SIGSTOP), 0);  // orders come so far and no further

  std::atomic<int> accepted = 0;
  std::atomic<int> refused = 0;
  std::atomic<int> others = 0;
  in_parallel(kThreads, kThreads, [&](int thread) {
    Client client = market.client();
    for (int i = thread; i < kMostOrders && refused < kRefusals; i += kThreads) {
      const Answer answer = client.send("POST", "/v1/orders", {}, patient_order(i));
      if (answer.status == 503) {
        expect_problem(answer, 503);
        EXPECT_EQ(answer.body.at("type"), "/errors/overloaded");
        EXPECT_EQ(answer.header("retry-after"), "1");
        EXPECT_EQ(answer.header("connection"), "") << "the connection is kept";
        ++refused;
      } else {
        ++(answer.status == 202 ? accepted : others);
      }
    }
  });
  ASSERT_EQ(::kill(delivery, SIGCONT), 0);
  EXPECT_GE(refused, kRefusals);
  EXPECT_GT(accepted, 1'000);
  EXPECT_EQ(others, 0);

  const auto nothing_is_in_flight = [&] {
    return owner.send("GET", "/v1/activity?seconds=1").body.value("in_flight", -1) == 0;
  };
  ASSERT_TRUE(eventually(nothing_is_in_flight, std::chrono::seconds(60)));
  const Json audit = owner.audit();
  EXPECT_TRUE(audit.at("ok").get<bool>()) << audit.dump(2);
  const auto& states = audit.at("orders");
  EXPECT_EQ(states.at("COMPLETED").get<int>() + states.at("REVERTED").get<int>(), accepted);
  EXPECT_EQ(owner.place(OrderRequest{.user = "afterwards", .sku = "late-day"}).status, 201);
}

}  // namespace
}  // namespace ldt::testing
