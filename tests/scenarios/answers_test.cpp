// The documented answers that no other scenario happens to get: each is asked for here, so that the check of the
// contract (contract/) sees all of them.
#include "support/scenario.h"

namespace ldt::testing {
namespace {

const std::string kNoOrder = "/v1/orders/01932c0e-0000-7000-8000-000000000000";
const std::string kNoSaga = "/v1/sagas/01932c0e-0000-7000-8000-000000000000";

class Answers : public Scenario {
 protected:
  Answer send_text(const std::string& method, const std::string& path, const std::string& body,
                   const std::string& type = "application/json") {
    return client.http().send(method, path, client.operator_headers(), body, type);
  }
};

TEST_F(Answers, OfOperatorCallsToBodiesThatMakeNoSense) {
  const auto user = new_user();
  const auto sku = new_sku(10, 1);
  const std::pair<std::string, std::string> calls[] = {{"PUT", "/v1/inventory/" + sku},
                                                       {"POST", "/v1/inventory/" + sku + "/restock"},
                                                       {"POST", "/v1/accounts/" + percent_encoded(user) + "/credits"}};
  for (const auto& [method, path] : calls) {
    expect_problem(send_text(method, path, "{"), 400);
    expect_problem(send_text(method, path, "{}", "text/plain"), 415);
    expect_problem(send_text(method, path, R"({"colour":"red"})"), 422);
  }
  EXPECT_EQ(client.stock(sku), (Stock{10, 1, 0, 0}));
  EXPECT_EQ(client.credits(user), kInitialCredits);
}

TEST_F(Answers, OfCommandsThatWantNoBody) {
  for (const auto& path : {kNoOrder + "/cancel", kNoOrder + "/retry", kNoSaga + "/retry"}) {
    expect_problem(send_text("POST", path, "{"), 400);
    expect_problem(send_text("POST", path, R"({"colour":"red"})"), 422);
    expect_problem(send_text("POST", path, "{}"), 404);
  }
}

TEST_F(Answers, OfListsToALimitOutOfBounds) {
  for (const std::string path : {"/v1/wallets/x", "/v1/accounts/x", "/v1/inventory", "/v1/sagas", "/v1/orders"}) {
    expect_problem(client.send("GET", path + "?limit=0", client.operator_headers()), 400);
  }
}

TEST_F(Answers, OfARestockBeyondWhatASkuCanHold) {
  constexpr std::int64_t kMost = 1'000'000'000'000;
  const auto sku = new_sku(1, 1);
  expect_problem(
      client.send("POST", "/v1/inventory/" + sku + "/restock", client.operator_headers(), {{"quantity", kMost}}), 409);
  EXPECT_EQ(client.stock(sku).stock, 1);
}

TEST_F(Answers, OfPagesForPeople) {
  const std::pair<std::string, std::string> pages[] = {
      {"/", "text/html"}, {"/errors", "text/markdown"}, {"/errors/unknown-sku", "text/markdown"}};
  for (const auto& [path, type] : pages) {
    const auto page = client.send("GET", path);
    EXPECT_EQ(page.status, 200) << path;
    EXPECT_EQ(page.header("content-type").substr(0, type.size()), type) << path;
    EXPECT_GT(page.text.size(), 100u) << path;
  }
  expect_problem(client.send("GET", "/errors/no-such-problem"), 404);
  expect_problem(client.send("GET", "/nowhere"), 404);
}

TEST_F(Answers, ToMethodsThatEveryPathHas) {
  for (const std::string path : {"/", "/healthz", "/v1/orders", "/v1/inventory", "/v1/audit", "/v1/wallets/x"}) {
    EXPECT_EQ(client.send("OPTIONS", path).status, 204) << path;
    const auto head = client.send("HEAD", path, client.operator_headers());
    EXPECT_EQ(head.status, 200) << path;
    EXPECT_EQ(head.text, "") << path;
    EXPECT_EQ(head.header("content-length").empty(), false) << path;
    EXPECT_FALSE(expect_problem(client.send("PATCH", path), 405).is_null()) << path;
  }
}

TEST_F(Answers, OfPagesToWhatIsNotHttp) {
  for (const std::string path : {"/", "/healthz", "/readyz", "/openapi.json", "/errors"}) {
    const auto answer = send_raw(market.address(), "GET " + path + " HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n");
    EXPECT_EQ(answer.rfind("HTTP/1.1 400", 0), 0u) << answer;
  }
}

TEST_F(Answers, OfTheConsoleAreAPageForEveryAddressAndItsFiles) {
  for (const std::string path : {"/", "/console", "/console/orders", "/console/orders/any"}) {
    const auto page = client.send("GET", path);
    EXPECT_EQ(page.status, 200) << path;
    EXPECT_EQ(page.header("content-type"), "text/html; charset=utf-8") << path;
    EXPECT_NE(page.header("content-security-policy").find("default-src 'self'"), std::string::npos) << path;
    EXPECT_NE(page.text.find("<script"), std::string::npos) << path;
  }
  const auto page = client.send("GET", "/").text;
  const auto begin = page.find("/console/assets/");
  ASSERT_NE(begin, std::string::npos) << page;
  const auto asset = page.substr(begin, page.find('"', begin) - begin);
  const auto plain = client.send("GET", asset);
  EXPECT_EQ(plain.status, 200) << asset;
  EXPECT_NE(plain.header("cache-control").find("immutable"), std::string::npos) << asset;
  const auto compressed = client.send("GET", asset, {{"Accept-Encoding", "br, gzip"}});
  EXPECT_EQ(compressed.header("content-encoding"), "gzip");
  EXPECT_EQ(compressed.text, plain.text) << "the client takes the coding off again";
  EXPECT_LT(std::stoul(compressed.header("content-length")), plain.text.size());
  for (const std::string path : {"/console/none.js", "/console/assets/none.js"}) {
    EXPECT_FALSE(expect_problem(client.send("GET", path), 404).is_null()) << path;
  }
}

/// A call that needs a service, while that service is gone.
struct Needs {
  std::string service, method, path;
  Json body;
};

TEST_F(Answers, NameTheServiceThatCannotBeReached) {
  const auto user = percent_encoded(new_user());
  const auto sku = new_sku(10, 1);
  const std::vector<Needs> calls{
      {"payment", "GET", "/v1/accounts/" + user, nullptr},
      {"payment", "POST", "/v1/accounts/" + user + "/credits", {{"amount", 1}}},
      {"payment", "GET", "/v1/audit", nullptr},
      {"inventory", "GET", "/v1/inventory", nullptr},
      {"inventory", "GET", "/v1/inventory/" + sku, nullptr},
      {"inventory", "PUT", "/v1/inventory/" + sku, {{"price", 11}}},
      {"inventory", "POST", "/v1/inventory/" + sku + "/restock", {{"quantity", 1}}},
      {"delivery", "GET", "/v1/wallets/" + user, nullptr},
  };
  for (const std::string service : {"payment", "inventory", "delivery"}) {
    market.pause_supervisor();  // so that it does not start the service again at once
    market.kill_service(service);
    for (const auto& call : calls) {
      if (call.service != service) continue;
      const auto problem =
          expect_problem(client.send(call.method, call.path, client.operator_headers(), call.body), 503);
      EXPECT_EQ(problem.value("type", ""), "/errors/service-unavailable") << call.path;
      if (call.path != "/v1/audit") EXPECT_EQ(problem.value("service", ""), service) << call.path;
    }
    market.resume_supervisor();
    const auto is_back = [&] { return client.send("GET", "/v1/audit", client.operator_headers()).status == 200; };
    EXPECT_TRUE(eventually(is_back)) << service;
  }
  market.wait_until_ready();
  EXPECT_EQ(client.stock(sku), (Stock{10, 1, 0, 0}));
}

}  // namespace
}  // namespace ldt::testing
