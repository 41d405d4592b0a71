// Any bytes as the body of POST /v1/orders: an order that comes out keeps every bound, its failure instructions make
// sense, and the same request written differently is the same order with the same fingerprint.
// Depends on the order service's request reader and the saga's failure instructions.
#include <algorithm>
#include <string>
#include <vector>

#include "fuzz/require.h"
#include "platform/http/json_document.h"
#include "platform/http/json_writer.h"
#include "services/order/http/order_request.h"

namespace {

using namespace ldt;
using http::JsonValue;
using order::NewOrder;

const order::OrderRequestRules kRules{.default_handling = {}, .allow_failures = true};
const order::OrderRequestRules kOtherDefaults{.default_handling = {.max_attempts = 7,
                                                                   .step_timeout = std::chrono::milliseconds(9'000),
                                                                   .on_failure = saga::OnFailure::kHold},
                                              .allow_failures = true};
const order::OrderRequestRules kNoFailures{.default_handling = {}, .allow_failures = false};

/// The same JSON with every object's members in reverse and white space between.
void write_reversed(const JsonValue& value, std::string& out) {
  const bool object = value.kind() == JsonValue::Kind::kObject;
  if (value.kind() == JsonValue::Kind::kString) return http::append_string(out, value.text());
  if (value.kind() == JsonValue::Kind::kInteger) return http::append_integer(out, *value.integer());
  auto children = value.children();
  if (object) std::reverse(children.begin(), children.end());
  out += object ? " {" : " [";
  for (std::size_t i = 0; i < children.size(); ++i) {
    if (i > 0) out += " ,\n";
    if (object) http::append_string(out, children[i].key());
    if (object) out += "\t: ";
    write_reversed(children[i], out);
  }
  out += object ? "} " : "] ";
}

void check_bounds(const NewOrder& order) {
  REQUIRE(UserName::parse(order.user.text()).has_value());
  REQUIRE(Sku::parse(order.sku.text()).has_value());
  REQUIRE(order.quantity >= kMinOrderQuantity && order.quantity <= kMaxOrderQuantity);
  if (order.max_unit_price) REQUIRE(order.max_unit_price->value >= 0 && *order.max_unit_price <= kMaxUnitPrice);
  REQUIRE(order.handling.max_attempts >= 1 && order.handling.max_attempts <= saga::kMaxMaxAttempts);
  REQUIRE(order.handling.step_timeout >= saga::kMinStepTimeout);
  REQUIRE(order.handling.step_timeout <= saga::kMaxStepTimeout);
  REQUIRE(order.failures.size() <= saga::kMaxInstructions);
  for (const auto& instruction : order.failures) {
    REQUIRE(!saga::check(instruction, order.handling));
    const auto full = saga::with_defaults(instruction);
    REQUIRE(full.attempts && *full.attempts <= saga::kMaxStrikes);
    REQUIRE(full.outcome.has_value() == (full.kind == saga::FailureKind::kRefuse));
    REQUIRE(saga::with_defaults(full) == full);
  }
}

void check_same(const NewOrder& left, const NewOrder& right) {
  REQUIRE(left.user == right.user && left.sku == right.sku && left.quantity == right.quantity);
  REQUIRE(left.max_unit_price == right.max_unit_price);
  REQUIRE(left.failures == right.failures);
  REQUIRE(left.handling == right.handling);
  REQUIRE(left.request_fingerprint == right.request_fingerprint);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto body = fuzz::text_of(data, size);
  const auto order = order::parse_order_request(body, kRules);
  const auto forbidden = order::parse_order_request(body, kNoFailures);
  if (!order) {
    REQUIRE(order.error().type.status >= 400 && order.error().type.status < 500);
    REQUIRE(!forbidden);
    REQUIRE(!http::to_response(order.error()).body.empty());
    return 0;
  }
  check_bounds(*order);
  REQUIRE(forbidden.has_value() == order->failures.empty());
  const auto document = http::JsonDocument::parse(body);
  std::string reversed;
  write_reversed(document->root(), reversed);
  const auto again = order::parse_order_request(reversed, kRules);
  REQUIRE(again.has_value());
  check_same(*order, *again);
  // What the server would have chosen where the request says nothing is no part of the request.
  const auto elsewhere = order::parse_order_request(body, kOtherDefaults);
  if (elsewhere) REQUIRE(elsewhere->request_fingerprint == order->request_fingerprint);
  return 0;
}
