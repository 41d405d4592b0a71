// The opaque cursors of lists: where the next page begins.
// Pure. Invariant: a cursor of one list is never taken for one of another; a broken one is noticed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/names.h"
#include "base/order_id.h"

namespace ldt::order {

/// Tokens that are older than a place inside a delivery.
struct TokenPlace {
  std::uint64_t seq = 0;  // the delivery
  std::int64_t skip = 0;  // its tokens that were shown already

  friend bool operator==(const TokenPlace&, const TokenPlace&) = default;
};

[[nodiscard]] std::string order_cursor(const OrderId& before);
[[nodiscard]] std::optional<OrderId> parse_order_cursor(std::string_view cursor);

[[nodiscard]] std::string entry_cursor(std::uint64_t before_seq);
[[nodiscard]] std::optional<std::uint64_t> parse_entry_cursor(std::string_view cursor);

[[nodiscard]] std::string token_cursor(const TokenPlace& place);
[[nodiscard]] std::optional<TokenPlace> parse_token_cursor(std::string_view cursor);

/// Of log records; the place is the telemetry store's own.
[[nodiscard]] std::string log_cursor(std::string_view place);
[[nodiscard]] std::optional<std::string> parse_log_cursor(std::string_view cursor);

[[nodiscard]] std::string sku_cursor(std::string_view after);
[[nodiscard]] std::optional<Sku> parse_sku_cursor(std::string_view cursor);

}  // namespace ldt::order
