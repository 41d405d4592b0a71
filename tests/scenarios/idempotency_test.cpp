// Idempotency keys: a repeat is answered like the first request and does nothing.
#include <set>

#include "support/scenario.h"

namespace ldt::testing {
namespace {

class IdempotencyKey : public Scenario {
 protected:
  OrderRequest request_ = {.user = new_user(), .sku = new_sku(10, 100), .quantity = 2};
  Headers key_ = {{"Idempotency-Key", idempotency_key(request_.user)}};
};

TEST_F(IdempotencyKey, MakesARepeatReturnTheFirstAnswer) {
  const auto first = client.place(request_, key_);
  const auto repeat = client.place(request_, key_);
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(first.header("idempotency-replayed"), "");
  EXPECT_EQ(repeat.status, 201) << repeat;
  EXPECT_EQ(repeat.header("idempotency-replayed"), "true");
  EXPECT_EQ(repeat.header("location"), first.header("location"));
  EXPECT_EQ(repeat.body.at("id"), first.body.at("id"));
  EXPECT_EQ(client.credits(request_.user), kInitialCredits - 20);
}

TEST_F(IdempotencyKey, CountsOnceHoweverManyAskAtTheSameTime) {
  std::vector<Answer> answers(24);
  in_parallel(24, 24, [&](int i) {
    Client own = market.client();
    auto& answer = answers[static_cast<std::size_t>(i)];
    // 409: the first request is still being accepted; ask again
    eventually([&] { return (answer = own.place(request_, key_)).status != 409; });
  });
  std::set<std::string> ids;
  int fresh = 0;
  for (const auto& answer : answers) {
    ASSERT_TRUE(answer.ok()) << answer;
    ids.insert(answer.body.at("id"));
    fresh += answer.header("idempotency-replayed").empty() ? 1 : 0;
  }
  EXPECT_EQ(ids.size(), 1u);
  EXPECT_EQ(fresh, 1);
  EXPECT_EQ(orders_of(request_.user).size(), 1u);
}

TEST_F(IdempotencyKey, RefusesAnotherRequest) {
  client.place(request_, key_);
  auto other = request_;
  other.quantity = 3;
  expect_problem(client.place(other, key_), 422);
  other = request_;
  other.failures = {{.step = "payment.charge", .kind = "TIMEOUT"}};
  expect_problem(client.place(other, key_), 422);
  EXPECT_EQ(orders_of(request_.user).size(), 1u);
}

TEST_F(IdempotencyKey, TakesTheSameRequestWrittenDifferently) {
  const auto first = client.place(request_, key_);
  const auto json = request_.json();
  std::string other_order = "{";
  for (const char* member : {"sku", "handling", "quantity", "user"}) {
    other_order += (other_order.size() > 1 ? " ,\n\"" : "\"") + std::string(member) + "\" : " + json.at(member).dump();
  }
  const auto repeat = client.http().send("POST", "/v1/orders", key_, other_order + "}");
  EXPECT_EQ(repeat.status, 201) << repeat;
  EXPECT_EQ(repeat.body.at("id"), first.body.at("id"));
}

TEST_F(IdempotencyKey, IsRememberedForARevertedOrderToo) {
  request_.quantity = 99;
  const auto first = client.place(request_, key_);
  EXPECT_EQ(first.body.at("outcome"), "INSUFFICIENT_FUND");
  grant(request_.user, 100'000);
  const auto repeat = client.place(request_, key_);
  EXPECT_EQ(repeat.body.at("id"), first.body.at("id"));
  EXPECT_EQ(repeat.body.at("outcome"), "INSUFFICIENT_FUND");
}

TEST_F(IdempotencyKey, IsRememberedOverAKillOfTheOrderService) {
  const auto first = client.place(request_, key_);
  market.kill_service("order");
  market.wait_until_ready();
  const auto repeat = client.place(request_, key_);
  EXPECT_EQ(repeat.status, 201) << repeat;
  EXPECT_EQ(repeat.header("idempotency-replayed"), "true");
  EXPECT_EQ(repeat.body.at("id"), first.body.at("id"));
}

TEST_F(IdempotencyKey, IsNotSpentOnARequestThatWasRefused) {
  auto dear = request_;
  dear.max_unit_price = 9;
  expect_problem(client.place(dear, key_), 409);
  EXPECT_EQ(client.place(request_, key_).status, 201);
}

TEST_F(IdempotencyKey, MustBeReasonable) {
  for (const auto& key :
       {std::string(256, 'k'), std::string("two words"), std::string("K\xC3\xA9y"), std::string("\"open")}) {
    expect_problem(client.place(request_, {{"Idempotency-Key", key}}), 400);
  }
  EXPECT_TRUE(orders_of(request_.user).empty());
}

}  // namespace
}  // namespace ldt::testing
