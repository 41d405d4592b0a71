#include "services/order/http/order_request.h"

#include <string>
#include <utility>
#include <vector>

#include "platform/http/json_document.h"
#include "services/order/http/problems.h"

namespace ldt::order {
namespace {

using http::FieldError;
using http::JsonObjectReader;
using http::JsonValue;

constexpr std::string_view kStepWords =
    "must be order.accept, payment.charge, inventory.reserve, delivery.deliver, delivery.revoke, inventory.release, "
    "payment.refund or order.finish";

/// The member as one of a set of words; an error is noted if it is none of them, or is absent though required.
template <class Parse>
auto word(JsonObjectReader& object, std::string_view name, bool required, Parse parse, std::string_view expected)
    -> decltype(parse(std::string_view())) {
  const auto text = object.string(name, required);
  if (!text) return std::nullopt;
  auto value = parse(*text);
  if (!value) object.complain(name, std::string(expected));
  return value;
}

/// The member as an object; an error is noted if it is something else.
std::optional<JsonValue> object_member(JsonObjectReader& object, std::string_view name, JsonValue::Kind kind) {
  auto member = object.find(name);
  if (!member || member->kind() == kind) return member;
  object.complain(name, kind == JsonValue::Kind::kObject ? "must be an object" : "must be an array");
  return std::nullopt;
}

GivenHandling read_handling(const JsonValue& value, std::vector<FieldError>& errors) {
  JsonObjectReader object(value, errors);
  GivenHandling given;
  if (const auto attempts = object.integer("max_attempts", false, 1, saga::kMaxMaxAttempts)) {
    given.max_attempts = static_cast<std::uint32_t>(*attempts);
  }
  if (const auto timeout =
          object.integer("step_timeout_ms", false, saga::kMinStepTimeout.count(), saga::kMaxStepTimeout.count())) {
    given.step_timeout_ms = static_cast<std::uint32_t>(*timeout);
  }
  given.on_failure = word(object, "on_failure", false, saga::parse_on_failure, "must be REVERT or HOLD");
  object.refuse_the_rest();
  return given;
}

saga::Handling resolved(const GivenHandling& given, saga::Handling handling) {
  if (given.max_attempts) handling.max_attempts = *given.max_attempts;
  if (given.step_timeout_ms) handling.step_timeout = std::chrono::milliseconds(*given.step_timeout_ms);
  if (given.on_failure) handling.on_failure = *given.on_failure;
  return handling;
}

/// The instruction as far as it could be read; `errors` says whether that is all of it.
saga::FailureInstruction read_instruction(JsonObjectReader& object) {
  saga::FailureInstruction instruction;
  if (const auto step = word(object, "step", true, saga::parse_step, kStepWords)) instruction.step = *step;
  if (const auto kind =
          word(object, "kind", true, saga::parse_failure_kind, "must be TIMEOUT, UNKNOWN, CRASH, DELAY or REFUSE")) {
    instruction.kind = *kind;
  }
  if (const auto effect = word(object, "effect", false, saga::parse_failure_effect, "must be NONE or APPLIED")) {
    instruction.effect = *effect;
  }
  if (const auto attempts = object.integer("attempts", false, 1, saga::kMaxStrikes)) {
    instruction.attempts = static_cast<std::uint32_t>(*attempts);
  }
  if (const auto delay = object.integer("delay_ms", false, 1, saga::kMaxStepTimeout.count())) {
    instruction.delay = std::chrono::milliseconds(*delay);
  }
  instruction.outcome = word(object, "outcome", false, saga::parse_outcome,
                             "must be INSUFFICIENT_FUND, INSUFFICIENT_INVENTORY or UNDELIVERABLE");
  object.refuse_the_rest();
  return instruction;
}

void read_failure(const JsonValue& value, NewOrder& order, std::vector<FieldError>& errors) {
  if (value.kind() != JsonValue::Kind::kObject) return errors.push_back({value.pointer(), "must be an object"});
  const std::size_t errors_before = errors.size();
  JsonObjectReader object(value, errors);
  const auto instruction = read_instruction(object);
  if (errors.size() > errors_before) return;
  if (const auto complaint = saga::check(instruction, order.handling)) {
    return object.complain(complaint->field, complaint->detail);
  }
  order.failures.push_back(instruction);
}

void read_failures(const std::vector<JsonValue>& values, NewOrder& order, JsonObjectReader& object,
                   std::vector<FieldError>& errors) {
  if (values.size() > saga::kMaxInstructions) {
    return object.complain("failures", "must have at most " + std::to_string(saga::kMaxInstructions) + " elements");
  }
  for (const JsonValue& value : values) read_failure(value, order, errors);
}

void read_purchase(JsonObjectReader& object, NewOrder& order) {
  if (auto user = word(object, "user", true, UserName::parse,
                       "must be 1 to 128 characters in NFC without control characters")) {
    order.user = std::move(*user);
  }
  if (auto sku = word(object, "sku", true, Sku::parse, "must be 1 to 64 of a-z, 0-9, '.' and '-'")) {
    order.sku = std::move(*sku);
  }
  if (const auto quantity = object.integer("quantity", true, kMinOrderQuantity.value, kMaxOrderQuantity.value)) {
    order.quantity = Quantity{*quantity};
  }
  if (const auto price = object.integer("max_unit_price", false, 0, kMaxUnitPrice.value)) {
    order.max_unit_price = Credits{*price};
  }
}

/// FNV-1a, each part with its length, so that no two lists of parts run together.
class Fingerprint {
 public:
  void add(std::string_view text) {
    add(static_cast<std::int64_t>(text.size()));
    for (const char c : text) mix(static_cast<unsigned char>(c));
  }
  void add(std::int64_t value) {
    for (int i = 0; i < 8; ++i) mix(static_cast<unsigned char>(static_cast<std::uint64_t>(value) >> (8 * i)));
  }
  template <class T>
  void add_optional(const std::optional<T>& value) {
    add(std::int64_t{value.has_value()});
    if (value) add(static_cast<std::int64_t>(*value));
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  void mix(unsigned char byte) { value_ = (value_ ^ byte) * 0x100000001B3ULL; }

  std::uint64_t value_ = 0xCBF29CE484222325ULL;
};

void add_instruction(Fingerprint& print, const saga::FailureInstruction& given) {
  const auto instruction = saga::with_defaults(given);
  print.add(to_string(instruction.step));
  print.add(to_string(instruction.kind));
  print.add(to_string(instruction.effect));
  print.add(std::int64_t{instruction.attempts.value_or(0)});
  print.add(instruction.delay ? std::int64_t{instruction.delay->count()} : -1);
  print.add(to_string(instruction.outcome.value_or(saga::Outcome::kNone)));
}

}  // namespace

tl::expected<NewOrder, http::Problem> parse_order_request(std::string_view body, const OrderRequestRules& rules) {
  const auto document = http::JsonDocument::parse(body);
  if (!document) return tl::unexpected(http::Problem{problem_type::kInvalidJson, document.error().detail, {}, {}});
  if (document->root().kind() != JsonValue::Kind::kObject) {
    return tl::unexpected(invalid_request({{"", "must be an object"}}));
  }
  std::vector<FieldError> errors;
  JsonObjectReader object(document->root(), errors);
  NewOrder order;
  read_purchase(object, order);
  GivenHandling given;
  if (const auto value = object_member(object, "handling", JsonValue::Kind::kObject))
    given = read_handling(*value, errors);
  order.handling = resolved(given, rules.default_handling);
  if (const auto value = object_member(object, "failures", JsonValue::Kind::kArray)) {
    const auto values = value->children();
    if (!values.empty() && !rules.allow_failures) {
      return tl::unexpected(http::Problem{problem_type::kFailuresForbidden,
                                          "the server was started without permission for failure instructions",
                                          {{"/failures", "is forbidden here"}},
                                          {}});
    }
    read_failures(values, order, object, errors);
  }
  object.refuse_the_rest();
  if (!errors.empty()) return tl::unexpected(invalid_request(std::move(errors)));
  order.request_fingerprint = request_fingerprint(order, given);
  return order;
}

std::uint64_t request_fingerprint(const NewOrder& order, const GivenHandling& given) {
  Fingerprint print;
  print.add(order.user.text());
  print.add(order.sku.text());
  print.add(order.quantity.value);
  print.add(order.max_unit_price ? order.max_unit_price->value : -1);
  print.add(static_cast<std::int64_t>(order.failures.size()));
  for (const auto& instruction : order.failures) add_instruction(print, instruction);
  print.add_optional(given.max_attempts);
  print.add_optional(given.step_timeout_ms);
  print.add_optional(given.on_failure);
  return print.value();
}

}  // namespace ldt::order
