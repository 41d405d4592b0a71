// Reads the body of POST /v1/orders: bytes in, an order or a list of what is wrong with them out.
// Pure. Invariant: an order that comes out keeps every bound of the API, and its failure instructions make sense.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <tl/expected.hpp>

#include "platform/http/problem.h"
#include "saga/failure.h"
#include "services/order/orders.h"

namespace ldt::order {

struct OrderRequestRules {
  saga::Handling default_handling;
  bool allow_failures = false;
};

/// The members of `handling` that a request named; the server's defaults stand for the others.
struct GivenHandling {
  std::optional<std::uint32_t> max_attempts;
  std::optional<std::uint32_t> step_timeout_ms;
  std::optional<saga::OnFailure> on_failure;
};

/// @return the order without key and caller; or a problem: 400 where the body is not JSON, 403 where failure
/// instructions are forbidden, 422 with a pointer to every wrong field otherwise
[[nodiscard]] tl::expected<NewOrder, http::Problem> parse_order_request(std::string_view body,
                                                                        const OrderRequestRules& rules);

/// The same for equal requests, whatever their white space and member order; stable over versions and restarts, so it
/// does not depend on the server's defaults.
[[nodiscard]] std::uint64_t request_fingerprint(const NewOrder& order, const GivenHandling& given);

}  // namespace ldt::order
