// The problems that the order service answers with; one page in docs/errors/ for each.
// Pure. Invariant: every PlaceError, CommandFailure and peer failure has its problem here.
#pragma once

#include <string>
#include <vector>

#include "platform/http/problem.h"
#include "services/order/http/participants.h"
#include "services/order/orders.h"

namespace ldt::order {

namespace problem_type {
using http::ProblemType;
inline constexpr ProblemType kInvalidJson{"invalid-json", "The body is not JSON that this server reads", 400};
inline constexpr ProblemType kInvalidParameter{"invalid-parameter", "A parameter of the request is not valid", 400};
inline constexpr ProblemType kInvalidRequest{"invalid-request", "The request makes no sense", 422};
inline constexpr ProblemType kUnsupportedMediaType{"unsupported-media-type", "The body must be JSON", 415};
inline constexpr ProblemType kUnauthorized{"unauthorized", "This call is for operators", 401};
inline constexpr ProblemType kOrderNotFound{"order-not-found", "There is no such order", 404};
inline constexpr ProblemType kSkuNotFound{"sku-not-found", "There is no such SKU", 404};
inline constexpr ProblemType kWrongState{"wrong-state", "The order's state does not allow this", 409};
inline constexpr ProblemType kUnknownSku{"unknown-sku", "The SKU is not sold here", 422};
inline constexpr ProblemType kPriceAboveLimit{"price-above-limit", "The price is above the limit", 409};
inline constexpr ProblemType kKeyReused{"idempotency-key-reused", "The idempotency key came with another request", 422};
inline constexpr ProblemType kKeyInProgress{"idempotency-key-in-progress", "The first request is still being accepted",
                                            409};
inline constexpr ProblemType kFailuresForbidden{"failures-forbidden", "This server takes no failure instructions", 403};
inline constexpr ProblemType kAcceptTimeout{"accept-timeout", "The order was not accepted in time", 504};
inline constexpr ProblemType kAcceptUnknown{"accept-unknown", "Accepting the order failed", 500};
inline constexpr ProblemType kAcceptRefused{"accept-refused", "The order was refused", 409};
inline constexpr ProblemType kOverloaded{"overloaded", "The server has too much to do", 503};
inline constexpr ProblemType kCatalogueUnavailable{"catalogue-unavailable", "No prices are known yet", 503};
inline constexpr ProblemType kStopping{"stopping", "The server is going down", 503};
inline constexpr ProblemType kStorage{"storage", "The server cannot store", 503};
inline constexpr ProblemType kServiceUnavailable{"service-unavailable", "A service cannot be reached", 503};
inline constexpr ProblemType kTelemetryUnavailable{"telemetry-unavailable", "There is no telemetry to read", 503};
inline constexpr ProblemType kLimitExceeded{"limit-exceeded", "An amount would exceed its limit", 409};
}  // namespace problem_type

[[nodiscard]] http::Problem invalid_request(std::vector<http::FieldError> errors);
[[nodiscard]] http::Problem invalid_parameter(std::string name, std::string detail);

[[nodiscard]] http::Response place_problem(const PlaceFailure& failure);
[[nodiscard]] http::Response command_problem(const CommandFailure& failure);
[[nodiscard]] http::Response peer_problem(const PeerFailure& failure);
/// An Error of the order service's own reads.
[[nodiscard]] http::Response own_problem(const Error& error);
[[nodiscard]] http::Response unauthorized();
[[nodiscard]] http::Response order_not_found();
[[nodiscard]] http::Response sku_not_found();

}  // namespace ldt::order
