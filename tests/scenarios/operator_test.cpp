// The operator's calls: only with the operator's token, and once per idempotency key.
#include "support/scenario.h"

namespace ldt::testing {
namespace {

class Operator : public Scenario {};

TEST_F(Operator, IsAskedForTheToken) {
  const auto user = percent_encoded(new_user());
  const auto sku = new_sku(10, 1);
  struct Call {
    std::string method, path;
    Json body;
  };
  const Call calls[] = {{"PUT", "/v1/inventory/" + sku, {{"price", 1}}},
                        {"POST", "/v1/inventory/" + sku + "/restock", {{"quantity", 1}}},
                        {"POST", "/v1/accounts/" + user + "/credits", {{"amount", 1}}},
                        {"GET", "/v1/sagas", nullptr},
                        {"GET", "/v1/audit", nullptr},
                        {"POST", "/v1/sagas/01932c0e-0000-7000-8000-000000000000/retry", nullptr}};
  for (const auto& call : calls) {
    expect_problem(client.send(call.method, call.path, {}, call.body), 401);
    for (const std::string credentials : {"Bearer wrong", "Bearer ", "Basic b3BlcmF0b3I6", "wrong"}) {
      expect_problem(client.send(call.method, call.path, {{"Authorization", credentials}}, call.body), 401);
    }
  }
  EXPECT_EQ(client.stock(sku), (Stock{10, 1, 0, 0}));
}

TEST_F(Operator, GrantsAndRestocksOncePerKey) {
  const auto user = new_user();
  const auto sku = new_sku(10, 1);
  const auto grant = [&](int amount) {
    return client.send("POST", "/v1/accounts/" + percent_encoded(user) + "/credits",
                       client.operator_headers({{"Idempotency-Key", idempotency_key("grant for " + user)}}),
                       {{"amount", amount}});
  };
  EXPECT_TRUE(grant(40).ok());
  EXPECT_TRUE(grant(40).ok());
  EXPECT_EQ(client.credits(user), kInitialCredits + 40);
  EXPECT_EQ(grant(41).status, 422);
  EXPECT_EQ(client.credits(user), kInitialCredits + 40);
  const auto restock = [&] {
    return client.send("POST", "/v1/inventory/" + sku + "/restock",
                       client.operator_headers({{"Idempotency-Key", idempotency_key("stock for " + sku)}}),
                       {{"quantity", 4}});
  };
  EXPECT_TRUE(restock().ok());
  EXPECT_TRUE(restock().ok());
  EXPECT_EQ(client.stock(sku).stock, 5);
  count_grant(user, 40);
  count_restock(sku, 4);
}

TEST_F(Operator, GrantsAndRestocksAgainWithoutAKey) {
  const auto user = new_user();
  const auto sku = new_sku(0, 1);
  for (int i = 0; i < 3; ++i) {
    grant(user, 10);
    restock(sku, 2);
  }
  EXPECT_EQ(client.credits(user), kInitialCredits + 30);
  EXPECT_EQ(client.stock(sku), (Stock{0, 7, 0, 0}));
  EXPECT_EQ(client.entries(user).size(), 4u) << "each grant is an entry, the initial credits too";
}

TEST_F(Operator, IsRefusedWhatIsOutOfBounds) {
  const auto user = new_user();
  const auto sku = new_sku(10, 1);
  const auto price = [&](const Json& value) {
    return client.send("PUT", "/v1/inventory/" + sku, client.operator_headers(), {{"price", value}});
  };
  const auto restock = [&](const std::string& of, const Json& value) {
    return client.send("POST", "/v1/inventory/" + of + "/restock", client.operator_headers(), {{"quantity", value}});
  };
  const auto grant = [&](const Json& value) {
    return client.send("POST", "/v1/accounts/" + percent_encoded(user) + "/credits", client.operator_headers(),
                       {{"amount", value}});
  };
  for (const Json& value : std::initializer_list<Json>{-1, 1'000'000'001, 1.5, "10", nullptr})
    expect_problem(price(value), 422);
  for (const Json& value : std::initializer_list<Json>{0, -1, 1'000'000'000'001, 1.5, "10"})
    expect_problem(restock(sku, value), 422);
  for (const Json& value : std::initializer_list<Json>{0, -1, 1'000'000'000'000'001, 1.5, "10"})
    expect_problem(grant(value), 422);
  expect_problem(restock("no-such-sku", 1), 404);
  EXPECT_EQ(client.stock(sku), (Stock{10, 1, 0, 0}));
  EXPECT_EQ(client.credits(user), kInitialCredits);
}

TEST_F(Operator, CannotMakeAnAccountOverflow) {
  const auto user = new_user();
  const std::int64_t most = 1'000'000'000'000'000;
  grant(user, most - kInitialCredits);
  const auto answer = client.send("POST", "/v1/accounts/" + percent_encoded(user) + "/credits",
                                  client.operator_headers(), {{"amount", 1}});
  EXPECT_TRUE(answer.status >= 400 && answer.status < 500) << answer;
  EXPECT_EQ(client.credits(user), most);
}

TEST_F(Operator, SellsTheDearestOrderThereIs) {
  const auto user = new_user_with(1'000'000'000'000'000);
  const OrderRequest request{.user = user, .sku = new_sku(1'000'000'000, 1000), .quantity = 1000};
  place_and_compare(client, request, {.credits = 1'000'000'000'000'000, .stock = 1000, .price = 1'000'000'000});
}

TEST_F(Operator, SeesTheBooksInNumbers) {
  const auto before = client.audit();
  const auto user = new_user();
  const auto sku = new_sku(10, 7);
  client.place(OrderRequest{.user = user, .sku = sku, .quantity = 2});
  const auto after = client.audit();
  const auto grown = [&](const char* part, const char* field) {
    return after.at(part).at(field).get<std::int64_t>() - before.at(part).at(field).get<std::int64_t>();
  };
  EXPECT_EQ(grown("credits", "granted"), kInitialCredits);
  EXPECT_EQ(grown("credits", "balances"), kInitialCredits - 20);
  EXPECT_EQ(grown("credits", "completed_charges"), 20);
  EXPECT_EQ(grown("stock", "put_in"), 7);
  EXPECT_EQ(grown("stock", "on_hand"), 5);
  EXPECT_EQ(grown("stock", "sold"), 2);
}

TEST_F(Operator, IsToldThatAllPartsAreAlive) {
  EXPECT_EQ(client.send("GET", "/healthz").status, 200);
  EXPECT_EQ(client.send("GET", "/readyz").status, 200);
  const auto description = client.send("GET", "/openapi.json");
  EXPECT_EQ(description.status, 200);
  EXPECT_TRUE(description.body.contains("openapi"));
  EXPECT_TRUE(description.body.at("paths").contains("/v1/orders"));
}

}  // namespace
}  // namespace ldt::testing
