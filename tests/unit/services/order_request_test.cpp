// The fingerprint that tells whether an idempotency key comes with the same request again.
// Depends on the order service's request reader.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "services/order/http/order_request.h"

namespace ldt::order {
namespace {

std::uint64_t fingerprint_of(const std::string& body) {
  const auto order = parse_order_request(body, {.default_handling = {}, .allow_failures = true});
  EXPECT_TRUE(order.has_value()) << body;
  return order ? order->request_fingerprint : 0;
}

TEST(RequestFingerprint, DiffersWithEveryPartOfTheRequest) {
  const std::string start = R"({"user":"ada","sku":"late-day","quantity":1)";
  const std::string instruction = R"("step":"payment.charge","kind":"TIMEOUT")";
  const std::vector<std::string> bodies{
      start + "}",
      R"({"user":"bob","sku":"late-day","quantity":1})",
      R"({"user":"ada","sku":"late-night","quantity":1})",
      R"({"user":"ada","sku":"late-day","quantity":2})",
      start + R"(,"max_unit_price":10})",
      start + R"(,"max_unit_price":11})",
      start + R"(,"handling":{"max_attempts":2}})",
      start + R"(,"handling":{"max_attempts":3}})",
      start + R"(,"handling":{"step_timeout_ms":400}})",
      start + R"(,"handling":{"on_failure":"HOLD"}})",
      start + R"(,"failures":[{)" + instruction + "}]}",
      start + R"(,"failures":[{)" + instruction + R"(,"attempts":1}]})",
      start + R"(,"failures":[{)" + instruction + R"(,"effect":"APPLIED"}]})",
      start + R"(,"failures":[{"step":"payment.charge","kind":"UNKNOWN"}]})",
      start + R"(,"failures":[{"step":"delivery.deliver","kind":"TIMEOUT"}]})",
      start + R"(,"failures":[{"step":"payment.charge","kind":"DELAY","delay_ms":5}]})",
      start + R"(,"failures":[{"step":"payment.charge","kind":"DELAY","delay_ms":6}]})",
  };
  std::set<std::uint64_t> fingerprints;
  for (const auto& body : bodies) EXPECT_TRUE(fingerprints.insert(fingerprint_of(body)).second) << body;
}

TEST(RequestFingerprint, IsTheSameHoweverTheRequestIsWritten) {
  EXPECT_EQ(fingerprint_of(R"({"user":"ada","sku":"late-day","quantity":1})"),
            fingerprint_of("{ \"quantity\": 1,\n\"sku\": \"late-day\", \"user\": \"\\u0061da\" }"));
}

}  // namespace
}  // namespace ldt::order
