// Requests that make no sense: each is refused with what is wrong, and nothing is done.
#include "support/scenario.h"

namespace ldt::testing {
namespace {

struct BadBody {
  std::string what;
  std::string body;
  int status;
  std::string pointer;  // of the field that is wrong; empty: not said
};

std::string times(const std::string& text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

class BadInput : public Scenario {
 protected:
  std::string good_body() { return body_with(Json::object()); }
  /// A good body, with `change` merged into it.
  std::string body_with(const Json& change) {
    Json body{{"user", user_}, {"sku", sku_}, {"quantity", 1}};
    body.merge_patch(change);
    return body.dump();
  }
  /// A good body but for the text of one member, which need not be JSON.
  std::string body_with_text(const std::string& member, const std::string& text) {
    Json others{{"user", user_}, {"sku", sku_}, {"quantity", 1}};
    others.erase(member);
    std::string body = others.dump();
    return body.substr(0, body.size() - 1) + ",\"" + member + "\":" + text + "}";
  }
  std::string body_failing(const Json& failure) { return body_with({{"failures", Json::array({failure})}}); }

  void expect_refused(const BadBody& row) {
    const auto answer = client.place_text(row.body);
    const std::string what = row.what + ": " + row.body.substr(0, 300);
    EXPECT_EQ(answer.status, row.status) << what << "\n" << answer;
    if (answer.status < 400) return;
    expect_problem(answer, answer.status);
    if (row.pointer.empty()) return;
    const auto errors = answer.body.value("errors", Json::array());
    ASSERT_FALSE(errors.empty()) << what << "\n" << answer;
    EXPECT_EQ(errors[0].value("pointer", ""), row.pointer) << what << "\n" << answer;
    EXPECT_FALSE(errors[0].value("detail", "").empty()) << what;
  }

  void expect_all_refused(const std::vector<BadBody>& rows) {
    for (const auto& row : rows) expect_refused(row);
    EXPECT_TRUE(orders_of(user_).empty());
  }

  std::string user_ = new_user();
  std::string sku_ = new_sku(1, 100);
};

TEST_F(BadInput, ThatIsNotJsonIsA400) {
  expect_all_refused({
      {"nothing", "", 400, ""},
      {"blank", "  ", 400, ""},
      {"words", "hello", 400, ""},
      {"cut off", good_body().substr(0, 20), 400, ""},
      {"something after it", good_body() + "{}", 400, ""},
      {"trailing comma", "{\"user\":\"x\",}", 400, ""},
      {"single quotes", "{'user':'x'}", 400, ""},
      {"comment", "/* */" + good_body(), 400, ""},
      {"NaN", body_with_text("quantity", "NaN"), 400, ""},
      {"leading zero", body_with_text("quantity", "01"), 400, ""},
      {"byte order mark", "\xEF\xBB\xBF" + good_body(), 400, ""},
      {"bad UTF-8", body_with_text("user", "\"a\xFF\""), 400, ""},
      {"overlong UTF-8", body_with_text("user", "\"a\xC0\xAF\""), 400, ""},
      {"surrogate in UTF-8", body_with_text("user", "\"a\xED\xA0\x80\""), 400, ""},
      {"half a surrogate pair", body_with_text("user", "\"a\\ud800\""), 400, ""},
      {"raw newline in a string", body_with_text("user", "\"a\nb\""), 400, ""},
      {"nested 100 deep", body_with_text("failures", times("[", 100) + times("]", 100)), 400, ""},
      {"nested 10000 deep", times("[", 10'000), 400, ""},
  });
}

TEST_F(BadInput, WithUnknownOrRepeatedOrMissingFieldsIsA422) {
  expect_all_refused({
      {"unknown field", body_with({{"colour", "red"}}), 422, "/colour"},
      {"repeated field", body_with_text("quantity", "1,\"quantity\":2"), 422, "/quantity"},
      {"unknown field of handling", body_with({{"handling", {{"retries", 1}}}}), 422, "/handling/retries"},
      {"unknown field of a failure", body_failing({{"step", "payment.charge"}, {"kind", "CRASH"}, {"when", 1}}), 422,
       "/failures/0/when"},
      {"an array", "[]", 422, ""},
      {"null", "null", 422, ""},
      {"a number", "1", 422, ""},
      {"no user", "{\"sku\":\"" + sku_ + "\",\"quantity\":1}", 422, "/user"},
      {"no SKU", "{\"user\":\"x\",\"quantity\":1}", 422, "/sku"},
      {"no quantity", "{\"user\":\"x\",\"sku\":\"" + sku_ + "\"}", 422, "/quantity"},
  });
}

TEST_F(BadInput, OfTheWrongTypeOrOutOfBoundsIsA422) {
  expect_all_refused({
      {"user is a number", body_with({{"user", 7}}), 422, "/user"},
      {"user is an array", body_with({{"user", {"a"}}}), 422, "/user"},
      {"SKU is true", body_with({{"sku", true}}), 422, "/sku"},
      {"quantity is text", body_with({{"quantity", "1"}}), 422, "/quantity"},
      {"quantity is a float", body_with_text("quantity", "1.5"), 422, "/quantity"},
      {"quantity is a whole float", body_with_text("quantity", "1.0"), 422, "/quantity"},
      {"quantity has an exponent", body_with_text("quantity", "1e0"), 422, "/quantity"},
      {"quantity is null", body_with_text("quantity", "null"), 422, "/quantity"},
      {"quantity is 0", body_with({{"quantity", 0}}), 422, "/quantity"},
      {"quantity is -1", body_with({{"quantity", -1}}), 422, "/quantity"},
      {"quantity is 1,000,001", body_with({{"quantity", 1'000'001}}), 422, "/quantity"},
      {"quantity is 2^63", body_with_text("quantity", "9223372036854775808"), 422, "/quantity"},
      {"quantity is 2^64 + 1", body_with_text("quantity", "18446744073709551617"), 422, "/quantity"},
      {"quantity is 10^400", body_with_text("quantity", "1" + times("0", 400)), 422, "/quantity"},
      {"limit below 0", body_with({{"max_unit_price", -1}}), 422, "/max_unit_price"},
      {"limit above the highest price", body_with({{"max_unit_price", 1'000'000'001}}), 422, "/max_unit_price"},
      {"limit is a float", body_with_text("max_unit_price", "0.5"), 422, "/max_unit_price"},
      {"empty SKU", body_with({{"sku", ""}}), 422, "/sku"},
      {"SKU in upper case", body_with({{"sku", "LATE"}}), 422, "/sku"},
      {"SKU of 65 characters", body_with({{"sku", times("s", 65)}}), 422, "/sku"},
      {"failures are an object", body_with({{"failures", {{"step", "payment.charge"}}}}), 422, "/failures"},
      {"failures hold text", body_with({{"failures", {"payment.charge"}}}), 422, "/failures/0"},
      {"handling is text", body_with({{"handling", "HOLD"}}), 422, "/handling"},
  });
}

TEST_F(BadInput, AsAUserNameIsA422) {
  expect_all_refused({
      {"empty", body_with({{"user", ""}}), 422, "/user"},
      {"129 characters", body_with({{"user", times("u", 129)}}), 422, "/user"},
      {"129 characters of four bytes", body_with({{"user", times("\xF0\x9F\x8E\x93", 129)}}), 422, "/user"},
      {"not composed", body_with({{"user", "Zoe\xCC\x81"}}), 422, "/user"},
      {"newline", body_with({{"user", "a\nb"}}), 422, "/user"},
      {"NUL", body_with_text("user", "\"a\\u0000b\""), 422, "/user"},
      {"DEL", body_with({{"user", "a\x7F"}}), 422, "/user"},
      {"C1 control", body_with({{"user", "a\xC2\x85"}}), 422, "/user"},
  });
  for (const auto& longest : {times("u", 128), times("\xF0\x9F\x8E\x93", 128)}) {
    watch_user(longest);
    EXPECT_EQ(client.place_text(body_with({{"user", longest}})).status, 201);
  }
}

TEST_F(BadInput, AsAFailureInstructionPointsAtItsField) {
  const Json sensible{{"step", "payment.charge"}, {"kind", "TIMEOUT"}};
  const auto changed = [&](const Json& change) {
    Json failure = sensible;
    failure.merge_patch(change);
    return body_failing(failure);
  };
  expect_all_refused({
      {"no step", body_failing({{"kind", "TIMEOUT"}}), 422, "/failures/0/step"},
      {"no kind", body_failing({{"step", "payment.charge"}}), 422, "/failures/0/kind"},
      {"unknown step", changed({{"step", "payment.pay"}}), 422, "/failures/0/step"},
      {"unknown kind", changed({{"kind", "EXPLODE"}}), 422, "/failures/0/kind"},
      {"lower case kind", changed({{"kind", "timeout"}}), 422, "/failures/0/kind"},
      {"unknown effect", changed({{"effect", "MAYBE"}}), 422, "/failures/0/effect"},
      {"no attempts", changed({{"attempts", 0}}), 422, "/failures/0/attempts"},
      {"too many attempts", changed({{"attempts", 1001}}), 422, "/failures/0/attempts"},
      {"delay without DELAY", changed({{"delay_ms", 5}}), 422, "/failures/0/delay_ms"},
      {"DELAY without delay", changed({{"kind", "DELAY"}}), 422, "/failures/0/delay_ms"},
      {"DELAY beyond the timeout", changed({{"kind", "DELAY"}, {"delay_ms", 500}}), 422, "/failures/0/delay_ms"},
      {"refused undo", changed({{"kind", "REFUSE"}, {"step", "payment.refund"}}), 422, "/failures/0/kind"},
      {"refused finish", changed({{"kind", "REFUSE"}, {"step", "order.finish"}}), 422, "/failures/0/kind"},
      {"refusal with an effect", changed({{"kind", "REFUSE"}, {"effect", "APPLIED"}}), 422, "/failures/0/effect"},
      {"outcome of another step", changed({{"kind", "REFUSE"}, {"outcome", "UNDELIVERABLE"}}), 422,
       "/failures/0/outcome"},
  });
}

TEST_F(BadInput, PointsAtTheInstructionThatIsWrong) {
  Json failures =
      Json::array({{{"step", "payment.charge"}, {"kind", "TIMEOUT"}}, {{"step", "?"}, {"kind", "TIMEOUT"}}});
  expect_refused({"the second of two", body_with({{"failures", failures}}), 422, "/failures/1/step"});
  for (int i = 0; i < 20; ++i) failures.push_back(failures[0]);
  failures.erase(1);
  expect_refused({"21 instructions", body_with({{"failures", failures}}), 422, "/failures"});
}

TEST_F(BadInput, AsHandlingIsA422) {
  const auto handling = [&](const Json& change) { return body_with({{"handling", change}}); };
  expect_all_refused({
      {"no attempts", handling({{"max_attempts", 0}}), 422, "/handling/max_attempts"},
      {"11 attempts", handling({{"max_attempts", 11}}), 422, "/handling/max_attempts"},
      {"attempts as text", handling({{"max_attempts", "3"}}), 422, "/handling/max_attempts"},
      {"timeout too short", handling({{"step_timeout_ms", 9}}), 422, "/handling/step_timeout_ms"},
      {"timeout too long", handling({{"step_timeout_ms", 10'001}}), 422, "/handling/step_timeout_ms"},
      {"unknown word", handling({{"on_failure", "PANIC"}}), 422, "/handling/on_failure"},
  });
}

TEST_F(BadInput, OfTheWrongContentTypeIsA415) {
  for (const std::string type : {"text/plain", "application/x-www-form-urlencoded", "application/xml", ""}) {
    expect_problem(client.place_text(good_body(), type), 415);
  }
  EXPECT_TRUE(orders_of(user_).empty());
  EXPECT_EQ(client.place_text(good_body(), "application/json; charset=utf-8").status, 201);
}

TEST_F(BadInput, BeyondItsSizeIsA413) {
  const std::string padding = times(" ", 64 * 1024);
  const auto refused = client.place_text(good_body() + padding);
  EXPECT_EQ(refused.status, 413) << refused;
  EXPECT_TRUE(orders_of(user_).empty());
  const std::string fits = good_body();
  EXPECT_EQ(client.place_text(fits + padding.substr(fits.size())).status, 201) << "64 KiB exactly";
}

TEST_F(BadInput, AsHttpIsRefusedAndDoesNoHarm) {
  const std::string body = good_body();
  const auto post = [&](const std::string& lines) {
    return "POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + lines;
  };
  const std::string length = std::to_string(body.size());
  const std::string requests[] = {
      "hello\r\n\r\n",
      "GET\r\n\r\n",
      "GET / HTTP/9.9\r\n\r\n",
      post("Content-Length: " + length + "\r\nContent-Length: " + std::to_string(body.size() + 1) + "\r\n\r\n" + body),
      post("Content-Length: " + length + "\r\nTransfer-Encoding: chunked\r\n\r\n" + body),
      post("Content-Length: -1\r\n\r\n" + body),
      post("Content-Length: 99999999999999999999\r\n\r\n" + body),
      post("Content-Length: " + std::to_string(body.size() + 10) + "\r\n\r\n" + body),  // then it closes
      post("Transfer-Encoding: chunked\r\n\r\nzz\r\n" + body),
      "GET / HTTP/1.1\r\nHost: x\r\n" + times("X-Filler: " + times("f", 1000) + "\r\n", 100) + "\r\n",
      "GET /" + times("a", 100'000) + " HTTP/1.1\r\nHost: x\r\n\r\n",
  };
  for (const auto& request : requests) {
    const auto answer = send_raw(market.address(), request);
    const bool refused = answer.empty() || answer.rfind("HTTP/1.1 4", 0) == 0 || answer.rfind("HTTP/1.1 5", 0) == 0;
    EXPECT_TRUE(refused) << request.substr(0, 200) << "\n" << answer.substr(0, 200);
  }
  EXPECT_TRUE(orders_of(user_).empty());
  EXPECT_TRUE(market.ready());
}

TEST_F(BadInput, InThePathOrQueryIsA4xx) {
  const std::string paths[] = {
      "/v1/orders/not-an-id",       "/v1/orders/01932c0e-0000-4000-8000-000000000000",
      "/v1/orders?limit=0",         "/v1/orders?limit=501",
      "/v1/orders?limit=x",         "/v1/orders?cursor=nonsense",
      "/v1/orders?state=DONE",      "/v1/orders?outcome=MAYBE",
      "/v1/orders?failed_step=pay", "/v1/orders?colour=red",
      "/v1/inventory/UPPER",        "/v1/accounts/a%0Ab",
      "/v1/accounts/Zoe%CC%81",     "/v1/accounts/%FF",
      "/v1/accounts/%ZZ",           "/v1/wallets/",
  };
  for (const auto& path : paths) {
    const auto answer = client.send("GET", path);
    EXPECT_TRUE(answer.status >= 400 && answer.status < 500) << path << ": " << answer;
    expect_problem(answer, answer.status);
  }
  expect_problem(client.send("DELETE", "/v1/orders"), 405);
  expect_problem(client.send("PUT", "/v1/orders", {}, {{"user", "x"}}), 405);
}

}  // namespace
}  // namespace ldt::testing
