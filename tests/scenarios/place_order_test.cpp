// Orders that nothing disturbs: they complete, or revert because there is too little money or stock.
#include "support/scenario.h"

namespace ldt::testing {
namespace {

class PlaceOrder : public Scenario {};

TEST_F(PlaceOrder, ChargesReservesAndDelivers) {
  const auto user = new_user();
  const auto sku = new_sku(10, 5);
  const auto answer = client.place(OrderRequest{.user = user, .sku = sku, .quantity = 2});
  ASSERT_EQ(answer.status, 201) << answer;
  const auto& order = answer.body;
  EXPECT_EQ(answer.header("location"), "/v1/orders/" + order.at("id").get<std::string>());
  EXPECT_EQ(order.at("user"), user);
  EXPECT_EQ(order.at("sku"), sku);
  EXPECT_EQ(order.at("quantity"), 2);
  EXPECT_EQ(order.at("unit_price"), 10);
  EXPECT_EQ(order.at("total"), 20);
  EXPECT_EQ(text_of(order, "trace_id").size(), 32u);
  expect_end(order, {}, "undisturbed");
  EXPECT_EQ(client.credits(user), 480);
  EXPECT_EQ(client.tokens(user), 2);
  EXPECT_EQ(client.stock(sku), (Stock{10, 3, 0, 2}));
}

TEST_F(PlaceOrder, ShowsEachStepWithItsOutcomeAttemptsAndTimes) {
  const auto placed = client.place(OrderRequest{.user = new_user(), .sku = new_sku(1, 1)}).body;
  const auto order = client.order(placed.at("id"));
  std::vector<std::string> participants;
  for (const auto& step : order.at("steps")) {
    EXPECT_EQ(step.at("outcome"), "SUCCESS") << step;
    EXPECT_EQ(step.at("attempts"), 1) << step;
    EXPECT_GE(step.at("duration_us").get<std::int64_t>(), 0) << step;
    const std::string started = step.at("started_at");
    EXPECT_EQ(started.size(), std::string("2025-01-01T00:00:00.000000Z").size()) << started;
    const std::string name = step.at("step");
    if (name.rfind("order.", 0) != 0) participants.push_back(name);
  }
  EXPECT_EQ(participants, (std::vector<std::string>{"payment.charge", "inventory.reserve", "delivery.deliver"}));
}

TEST_F(PlaceOrder, SaysNothingOfAUserWhomNobodyHasSeen) {
  const auto user = new_user();
  EXPECT_EQ(client.credits(user), kInitialCredits);
  EXPECT_TRUE(client.entries(user).empty());
  EXPECT_EQ(client.tokens(user), 0);
  EXPECT_TRUE(client.wallet(user).empty());
}

TEST_F(PlaceOrder, RevertsForTooFewCreditsAndTakesNothing) {
  const OrderRequest request{.user = new_user(), .sku = new_sku(167, 5), .quantity = 3};
  place_and_compare(client, request, {.stock = 5, .price = 167});
}

TEST_F(PlaceOrder, SpendsTheLastCredit) {
  const OrderRequest request{.user = new_user(), .sku = new_sku(250, 5), .quantity = 2};
  place_and_compare(client, request, {.stock = 5, .price = 250});
  EXPECT_EQ(client.credits(request.user), 0);
}

TEST_F(PlaceOrder, RevertsAndRefundsForTooLittleStock) {
  const OrderRequest request{.user = new_user(), .sku = new_sku(10, 2), .quantity = 3};
  place_and_compare(client, request, {.stock = 2, .price = 10});
  const auto entries = client.entries(request.user);
  ASSERT_EQ(entries.size(), 3u) << "the initial grant, the charge, and a refund of its own";
  EXPECT_EQ(entries[0].at("kind"), "REFUND");
  EXPECT_EQ(entries[0].at("amount"), 30);
  EXPECT_EQ(entries[1].at("kind"), "CHARGE");
  EXPECT_EQ(entries[1].at("amount"), -30);
  EXPECT_EQ(entries[2].at("kind"), "GRANT");
}

TEST_F(PlaceOrder, SellsTheLastToken) {
  const OrderRequest request{.user = new_user(), .sku = new_sku(10, 3), .quantity = 3};
  place_and_compare(client, request, {.stock = 3, .price = 10});
}

TEST_F(PlaceOrder, TakesNothingForAFreeToken) {
  const OrderRequest request{.user = new_user(), .sku = new_sku(0, 1)};
  place_and_compare(client, request, {.stock = 1, .price = 0});
}

TEST_F(PlaceOrder, TakesThePriceOfTheCatalogueUpToTheClientsLimit) {
  const auto sku = new_sku(10, 10);
  place_and_compare(client, {.user = new_user(), .sku = sku, .max_unit_price = 10}, {.stock = 10, .price = 10});
  place_and_compare(client, {.user = new_user(), .sku = sku, .max_unit_price = 9}, {.stock = 9, .price = 10});
}

TEST_F(PlaceOrder, RefusesAPriceAboveTheClientsLimitWithAProblem) {
  const OrderRequest request{.user = new_user(), .sku = new_sku(10, 10), .max_unit_price = 9};
  expect_problem(client.place(request), 409);
}

TEST_F(PlaceOrder, TakesTheNewPriceAfterItChangedAndKeepsTheOldOneOnOldOrders) {
  const auto user = new_user();
  const auto sku = new_sku(10, 10);
  const std::string before = client.place(OrderRequest{.user = user, .sku = sku}).body.at("id");
  client.set_price(sku, 25);
  Json after;
  ASSERT_TRUE(eventually(
      [&] {
        after = client.place(OrderRequest{.user = user, .sku = sku, .quantity = 1}).body;
        return after.at("unit_price") == 25;
      },
      std::chrono::seconds(2)));
  EXPECT_EQ(client.order(before).at("unit_price"), 10);
}

TEST_F(PlaceOrder, RefusesAnUnknownSku) {
  const auto problem = expect_problem(client.place(OrderRequest{.user = new_user(), .sku = "no-such-sku"}), 422);
  EXPECT_EQ(problem.at("errors").at(0).at("pointer"), "/sku");
}

TEST_F(PlaceOrder, AnswersAtOnceWithoutPreferAndStillEnds) {
  const OrderRequest request{.user = new_user(),
                             .sku = new_sku(10, 1),
                             .failures = {{.step = "payment.charge", .kind = "DELAY", .delay_ms = 200}}};
  const auto answer = client.send("POST", "/v1/orders", {}, request.json());
  ASSERT_EQ(answer.status, 202) << answer;
  const std::string id = answer.body.at("id");
  EXPECT_EQ(answer.header("location"), "/v1/orders/" + id);
  EXPECT_EQ(answer.body.at("state"), "RUNNING");
  expect_end(client.order_at_its_end(id), {}, "after 202");
}

TEST_F(PlaceOrder, DoesNotWaitLongerThanPreferred) {
  const OrderRequest request{.user = new_user(),
                             .sku = new_sku(10, 1),
                             .failures = {{.step = "payment.charge", .kind = "DELAY", .delay_ms = 3000}},
                             .handling = {.step_timeout_ms = 5000}};
  const auto started = std::chrono::steady_clock::now();
  EXPECT_EQ(client.place(request, {{"Prefer", "wait=1"}}).status, 202);
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::milliseconds(2500));
}

TEST_F(PlaceOrder, GoesOnInTheCallersTrace) {
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const auto answer = client.place(OrderRequest{.user = new_user(), .sku = new_sku(1, 1)},
                                   {{"traceparent", "00-" + trace + "-00f067aa0ba902b7-01"}});
  EXPECT_EQ(answer.body.at("trace_id"), trace);
}

TEST_F(PlaceOrder, NamesUsersInAnyScript) {
  for (const char* user :
       {"Zo\xC3\xAB M\xC3\xBCller", "\xE5\xAD\xA6\xE7\x94\x9F", "\xF0\x9F\x8E\x93", "a/b?c#d%e&f=g"}) {
    watch_user(user);
    const auto answer = client.place(OrderRequest{.user = user, .sku = new_sku(1, 1)});
    EXPECT_EQ(answer.status, 201) << answer;
    EXPECT_EQ(answer.body.value("user", ""), user);
  }
}

TEST_F(PlaceOrder, LeavesNothingWhereNoOrderIs) {
  expect_problem(client.send("GET", "/v1/orders/01932c0e-0000-7000-8000-000000000000"), 404);
  expect_problem(client.cancel("01932c0e-0000-7000-8000-000000000000"), 404);
  expect_problem(client.retry("01932c0e-0000-7000-8000-000000000000"), 404);
  expect_problem(client.send("GET", "/v1/nothing"), 404);
  expect_problem(client.send("GET", "/v1/inventory/no-such-sku"), 404);
}

}  // namespace
}  // namespace ldt::testing
