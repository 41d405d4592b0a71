#include "support/scenario.h"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <functional>
#include <set>
#include <thread>

namespace ldt::testing {
namespace {

std::string name_of_the_test() {
  const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
  return std::string(info->test_suite_name()) + "." + info->name();
}

/// Short enough for a SKU, and different for each test.
std::string sku_prefix(const std::string& test) {
  const auto number = std::to_string(std::hash<std::string>{}(test) % 100'000'000);
  std::string letters;
  for (const char c : test.substr(0, 32)) {
    letters += std::isalnum(static_cast<unsigned char>(c)) != 0 ? static_cast<char>(std::tolower(c)) : '-';
  }
  return letters + "-" + number;
}

std::int64_t total_of_completed(const std::vector<Json>& orders, const char* field) {
  std::int64_t total = 0;
  for (const auto& order : orders) {
    if (order.at("state") == "COMPLETED") total += order.at(field).get<std::int64_t>();
  }
  return total;
}

}  // namespace

Scenario::Scenario(Marketplace& a_market) : market(a_market), client(a_market.client()), name_(name_of_the_test()) {}

std::string Scenario::new_user() {
  const std::string user = name_.substr(0, 110) + " " + std::to_string(++users_);
  watch_user(user);
  return user;
}

std::string Scenario::new_user_with(std::int64_t credits) {
  const auto user = new_user();
  if (credits > kInitialCredits) grant(user, credits - kInitialCredits);
  return user;
}

std::string Scenario::new_sku(std::int64_t price, std::int64_t stock) {
  const std::string sku = sku_prefix(name_) + "." + std::to_string(++skus_);
  client.set_price(sku, price);
  put_in_[sku] = 0;
  if (stock > 0) restock(sku, stock);
  if (price > 0) await_price(sku, price);
  return sku;
}

/// Replicas hear of a price that was set through another one some milliseconds later. An order that would pay less is
/// refused either way.
void Scenario::await_price(const std::string& sku, std::int64_t price) {
  const auto addresses = market.http_addresses();
  if (addresses.size() < 2) return;
  const OrderRequest too_dear{.user = name_.substr(0, 100) + " asks", .sku = sku, .max_unit_price = price - 1};
  for (const auto& address : addresses) {
    Client replica(address, "");
    const auto knows = [&] { return text_of(replica.place(too_dear).body, "type") != "/errors/unknown-sku"; };
    EXPECT_TRUE(eventually(knows)) << address << " does not hear of " << sku;
  }
}

void Scenario::grant(const std::string& user, std::int64_t credits) {
  client.grant(user, credits);
  granted_[user] += credits;
}

void Scenario::restock(const std::string& sku, std::int64_t quantity) {
  client.restock(sku, quantity);
  put_in_[sku] += quantity;
}

std::vector<Json> Scenario::orders_of(const std::string& user) {
  auto orders = client.orders("user=" + percent_encoded(user));
  std::reverse(orders.begin(), orders.end());
  return orders;
}

void Scenario::expect_end(const Json& order, const End& end, const std::string& what) {
  EXPECT_EQ(text_of(order, "state"), end.state) << what << "\n" << order.dump(2);
  EXPECT_EQ(text_of(order, "outcome"), end.outcome) << what << "\n" << order.dump(2);
  EXPECT_EQ(text_of(order, "failed_step"), end.failed_step) << what << "\n" << order.dump(2);
}

Json Scenario::place_and_compare(Client& with, const OrderRequest& request, const Situation& situation) {
  const End end = documented_end(request, situation);
  const std::string what = describe(request) + ": foretold " + ::testing::PrintToString(end);
  const auto answer = with.place(request);
  EXPECT_EQ(answer.status, end.status) << what << "\n" << answer;
  const auto listed = [&] { return with.orders("user=" + percent_encoded(request.user)); };
  if (!answer.arrived()) market.wait_until_ready();
  if (!end.exists) {
    EXPECT_TRUE(listed().empty()) << what;
    return nullptr;
  }
  const auto orders = listed();
  EXPECT_EQ(orders.size(), 1u) << what;
  if (orders.empty()) return nullptr;
  const std::string id = orders.front().at("id");
  const auto order = end.state == "HELD" ? with.order(id) : with.order_at_its_end(id);
  expect_end(order, end, what);
  return order;
}

void Scenario::check_books() {
  market.wait_until_ready();
  std::map<std::string, std::int64_t> sold;
  for (const auto& [user, granted] : granted_) {
    auto orders = orders_of(user);
    for (auto& order : orders) {
      ASSERT_NE(order.at("state"), "HELD") << "a scenario ends what it holds";
      order = client.order_at_its_end(order.at("id"));
      if (order.at("state") == "COMPLETED") sold[order.at("sku")] += order.at("quantity").get<std::int64_t>();
    }
    check_user(user, granted, orders);
  }
  for (const auto& [sku, put_in] : put_in_) {
    const auto stock = client.stock(sku);
    const Stock expected{stock.price, put_in - sold[sku], 0, sold[sku]};
    EXPECT_EQ(stock, expected) << sku;
  }
  const auto audit = client.audit();
  EXPECT_TRUE(audit.at("ok").get<bool>()) << audit.dump(2);
  EXPECT_TRUE(audit.at("violations").empty()) << audit.dump(2);
}

void Scenario::check_user(const std::string& user, std::int64_t granted, const std::vector<Json>& orders) {
  const auto spent = total_of_completed(orders, "total");
  EXPECT_EQ(client.credits(user), kInitialCredits + granted - spent) << user;
  EXPECT_EQ(client.tokens(user), total_of_completed(orders, "quantity")) << user;
  check_ledger(user, orders);
  check_wallet(user, orders);
}

void Scenario::check_ledger(const std::string& user, const std::vector<Json>& orders) {
  const auto entries = client.entries(user);
  std::map<std::string, int> charges;
  std::map<std::string, int> refunds;
  std::int64_t sum = entries.empty() ? kInitialCredits : 0;
  for (const auto& entry : entries) {
    const std::int64_t amount = entry.at("amount");
    sum += amount;
    if (entry.at("kind") == "GRANT") continue;
    const bool charge = entry.at("kind") == "CHARGE";
    EXPECT_TRUE(charge ? amount <= 0 : amount >= 0) << entry;
    ++(charge ? charges : refunds)[entry.at("order_id")];
  }
  EXPECT_EQ(sum, client.credits(user)) << user << ": the ledger does not add up";
  for (const auto& order : orders) {
    const std::string id = order.at("id");
    const bool completed = order.at("state") == "COMPLETED";
    EXPECT_LE(charges[id], 1) << id;
    EXPECT_EQ(charges[id] - refunds[id], completed ? 1 : 0) << order.dump(2);
  }
}

void Scenario::check_wallet(const std::string& user, const std::vector<Json>& orders) {
  std::map<std::string, std::int64_t> held;
  std::set<std::string> ids;
  for (const auto& token : client.wallet(user)) {
    ++held[token.at("order_id")];
    EXPECT_TRUE(ids.insert(token.at("id").dump()).second) << "two tokens with the id " << token.at("id");
  }
  for (const auto& order : orders) {
    const std::int64_t due = order.at("state") == "COMPLETED" ? order.at("quantity").get<std::int64_t>() : 0;
    EXPECT_EQ(held[order.at("id")], due) << order.dump(2);
  }
}

Json expect_problem(const Answer& answer, int status) {
  EXPECT_EQ(answer.status, status) << answer;
  EXPECT_EQ(answer.header("content-type").substr(0, 24), "application/problem+json") << answer;
  if (!answer.body.is_object()) return Json::object();
  EXPECT_TRUE(answer.body.value("type", "").find("/") != std::string::npos) << answer;
  EXPECT_FALSE(answer.body.value("title", "").empty()) << answer;
  EXPECT_EQ(answer.body.value("status", 0), answer.status) << answer;
  return answer.body;
}

void in_parallel(int count, int threads, const std::function<void(int)>& work) {
  std::atomic<int> next{0};
  const auto work_off = [&] {
    for (int i = next++; i < count; i = next++) {
      try {
        work(i);
      } catch (const std::exception& error) {
        ADD_FAILURE() << "item " << i << ": " << error.what();
      }
    }
  };
  std::vector<std::jthread> workers;
  for (int i = 0; i < std::min(threads, count); ++i) workers.emplace_back(work_off);
}

}  // namespace ldt::testing
