#include "support/order_request.h"

namespace ldt::testing {
namespace {

Json json_of(const Failure& failure) {
  Json json{{"step", failure.step}, {"kind", failure.kind}, {"effect", failure.effect}};
  if (failure.attempts) json["attempts"] = *failure.attempts;
  if (failure.delay_ms) json["delay_ms"] = *failure.delay_ms;
  return json;
}

}  // namespace

Json OrderRequest::json() const {
  Json json{{"user", user}, {"sku", sku}, {"quantity", quantity}};
  if (max_unit_price) json["max_unit_price"] = *max_unit_price;
  for (const auto& failure : failures) json["failures"].push_back(json_of(failure));
  json["handling"] = {{"max_attempts", handling.max_attempts},
                      {"step_timeout_ms", handling.step_timeout_ms},
                      {"on_failure", handling.on_failure}};
  return json;
}

std::string to_string(const Failure& failure) {
  std::string text = failure.step + "=" + failure.kind;
  if (failure.effect == "APPLIED") text += ":applied";
  if (failure.attempts) text += ":n=" + std::to_string(*failure.attempts);
  if (failure.delay_ms) text += ":" + std::to_string(*failure.delay_ms) + "ms";
  return text;
}

std::string describe(const OrderRequest& request) {
  std::string text = request.failures.empty() ? "no failure" : "";
  for (const auto& failure : request.failures) text += (text.empty() ? "" : ", ") + to_string(failure);
  return text + " (" + std::to_string(request.handling.max_attempts) + " x " +
         std::to_string(request.handling.step_timeout_ms) + " ms, " + request.handling.on_failure + ")";
}

}  // namespace ldt::testing
