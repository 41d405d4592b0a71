#include "services/order/http/answers.h"

#include "platform/http/json_document.h"

namespace ldt::order {
namespace {

using http::JsonValue;

/// The body as an object; a problem otherwise.
Checked<http::JsonDocument> parse_object(const http::Request& request) {
  if (auto problem = check_content_type(request)) return tl::unexpected(std::move(*problem));
  auto document = http::JsonDocument::parse(request.body);
  if (!document) return tl::unexpected(http::Problem{problem_type::kInvalidJson, document.error().detail, {}, {}});
  if (document->root().kind() != JsonValue::Kind::kObject) {
    return tl::unexpected(invalid_request({{"", "must be an object"}}));
  }
  return std::move(*document);
}

}  // namespace

Checked<std::int64_t> parse_amount(const http::Request& request, std::string_view member, std::int64_t min,
                                   std::int64_t max) {
  const auto document = parse_object(request);
  if (!document) return tl::unexpected(document.error());
  std::vector<http::FieldError> errors;
  http::JsonObjectReader object(document->root(), errors);
  const auto value = object.integer(member, true, min, max);
  object.refuse_the_rest();
  if (!errors.empty()) return tl::unexpected(invalid_request(std::move(errors)));
  return *value;
}

std::optional<http::Problem> check_no_body(const http::Request& request) {
  if (request.body.empty()) return std::nullopt;
  const auto document = parse_object(request);
  if (!document) return document.error();
  std::vector<http::FieldError> errors;
  http::JsonObjectReader(document->root(), errors).refuse_the_rest();
  if (errors.empty()) return std::nullopt;
  return invalid_request(std::move(errors));
}

}  // namespace ldt::order
