#include "services/order/http/problems.h"

#include <utility>

#include "base/check.h"
#include "platform/http/json_writer.h"

namespace ldt::order {
namespace {

using http::Problem;
using http::ProblemType;
using http::Response;

ProblemType type_of(PlaceError error) {
  switch (error) {
    case PlaceError::kUnknownSku:
      return problem_type::kUnknownSku;
    case PlaceError::kPriceAboveLimit:
      return problem_type::kPriceAboveLimit;
    case PlaceError::kKeyReused:
      return problem_type::kKeyReused;
    case PlaceError::kKeyInProgress:
      return problem_type::kKeyInProgress;
    case PlaceError::kFailuresForbidden:
      return problem_type::kFailuresForbidden;
    case PlaceError::kAcceptTimeout:
      return problem_type::kAcceptTimeout;
    case PlaceError::kAcceptUnknown:
      return problem_type::kAcceptUnknown;
    case PlaceError::kAcceptRefused:
      return problem_type::kAcceptRefused;
    case PlaceError::kOverloaded:
      return problem_type::kOverloaded;
    case PlaceError::kCatalogueUnavailable:
      return problem_type::kCatalogueUnavailable;
    case PlaceError::kStopping:
      return problem_type::kStopping;
    case PlaceError::kStorage:
      return problem_type::kStorage;
  }
  check_failed("a PlaceError", __FILE__, __LINE__);
}

/// The member of the request that is to blame, where one is.
std::vector<http::FieldError> errors_of(const PlaceFailure& failure) {
  switch (failure.error) {
    case PlaceError::kUnknownSku:
      return {{"/sku", failure.detail}};
    case PlaceError::kPriceAboveLimit:
      return {{"/max_unit_price", failure.detail}};
    case PlaceError::kFailuresForbidden:
      return {{"/failures", failure.detail}};
    case PlaceError::kKeyReused:
    case PlaceError::kKeyInProgress:
      return {{"Idempotency-Key", failure.detail, true}};
    default:
      return {};
  }
}

ProblemType type_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kInvalid:
      return problem_type::kInvalidRequest;
    case ErrorKind::kNotFound:
      return problem_type::kOrderNotFound;
    case ErrorKind::kConflict:
      return problem_type::kWrongState;
    case ErrorKind::kOverloaded:
      return problem_type::kOverloaded;
    case ErrorKind::kUnavailable:
    case ErrorKind::kUnknown:
      return problem_type::kServiceUnavailable;
    case ErrorKind::kInternal:
      return http::problem_type::kInternal;
  }
  check_failed("an ErrorKind", __FILE__, __LINE__);
}

/// What may pass by itself says when to come again.
Response with_retry_after(Response response) {
  if (response.status == 503) response.add_header("Retry-After", "1");
  return response;
}

std::string member(std::string_view name, std::string_view value) {
  std::string text;
  http::append_string(text, name);
  text.push_back(':');
  http::append_string(text, value);
  return text;
}

ProblemType type_of(PeerFailure::Kind kind) {
  switch (kind) {
    case PeerFailure::Kind::kNotFound:
      return problem_type::kSkuNotFound;
    case PeerFailure::Kind::kInvalid:
      return problem_type::kInvalidRequest;
    case PeerFailure::Kind::kKeyReused:
      return problem_type::kKeyReused;
    case PeerFailure::Kind::kLimit:
      return problem_type::kLimitExceeded;
    case PeerFailure::Kind::kOverloaded:
      return problem_type::kOverloaded;
    case PeerFailure::Kind::kUnavailable:
      return problem_type::kServiceUnavailable;
    case PeerFailure::Kind::kInternal:
      return http::problem_type::kInternal;
  }
  check_failed("a PeerFailure", __FILE__, __LINE__);
}

}  // namespace

Problem invalid_request(std::vector<http::FieldError> errors) {
  std::string detail = errors.size() == 1 ? "one field is wrong" : std::to_string(errors.size()) + " fields are wrong";
  return {problem_type::kInvalidRequest, std::move(detail), std::move(errors), {}};
}

Problem invalid_parameter(std::string name, std::string detail) {
  std::string text = name + ": " + detail;
  return {problem_type::kInvalidParameter, std::move(text), {{std::move(name), std::move(detail), true}}, {}};
}

Response place_problem(const PlaceFailure& failure) {
  Problem problem{type_of(failure.error), failure.detail, errors_of(failure), {}};
  if (!failure.order) return with_retry_after(http::to_response(problem));
  const std::string id = failure.order->to_string();
  problem.members = member("order_id", id);
  auto response = with_retry_after(http::to_response(problem));
  response.add_header("Location", "/v1/orders/" + id);
  return response;
}

Response command_problem(const CommandFailure& failure) {
  switch (failure.kind) {
    case CommandFailure::Kind::kNotFound:
      return order_not_found();
    case CommandFailure::Kind::kWrongState:
      return http::to_response(
          {problem_type::kWrongState, failure.detail, {}, member("state", saga::to_string(failure.state))});
    case CommandFailure::Kind::kUnavailable:
      return with_retry_after(http::problem_response(problem_type::kStorage, failure.detail));
  }
  check_failed("a CommandFailure", __FILE__, __LINE__);
}

Response peer_problem(const PeerFailure& failure) {
  Problem problem{type_of(failure.kind), failure.detail, {}, member("service", saga::to_string(failure.peer))};
  if (failure.kind == PeerFailure::Kind::kKeyReused) problem.errors = {{"Idempotency-Key", failure.detail, true}};
  return with_retry_after(http::to_response(problem));
}

Response own_problem(const Error& error) {
  return with_retry_after(http::problem_response(type_of(error), error.detail));
}

Response unauthorized() {
  auto response =
      http::problem_response(problem_type::kUnauthorized,
                             "send 'Authorization: Bearer' with the token from operator.token in the data folder");
  response.add_header("WWW-Authenticate", "Bearer realm=\"operator\"");
  return response;
}

Response order_not_found() {
  return http::problem_response(problem_type::kOrderNotFound, "there is no order with this id");
}
Response sku_not_found() { return http::problem_response(problem_type::kSkuNotFound, "there is no such SKU"); }

}  // namespace ldt::order
