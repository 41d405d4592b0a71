#include "services/order/http/cursor.h"

#include <charconv>
#include <limits>

#include "platform/http/url.h"

namespace ldt::order {
namespace {

constexpr std::string_view kOrders = "orders:";
constexpr std::string_view kEntries = "entries:";
constexpr std::string_view kTokens = "tokens:";
constexpr std::string_view kSkus = "skus:";
constexpr std::string_view kLogs = "logs:";

std::string made(std::string_view list, std::string_view place) {
  return http::base64url(std::string(list).append(place));
}

std::optional<std::string> place_in(std::string_view list, std::string_view cursor) {
  auto text = http::base64url_decoded(cursor);
  if (!text || !text->starts_with(list)) return std::nullopt;
  return text->substr(list.size());
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || result.ec != std::errc() || result.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string order_cursor(const OrderId& before) { return made(kOrders, before.to_string()); }

std::optional<OrderId> parse_order_cursor(std::string_view cursor) {
  const auto place = place_in(kOrders, cursor);
  return place ? OrderId::parse(*place) : std::nullopt;
}

std::string entry_cursor(std::uint64_t before_seq) { return made(kEntries, std::to_string(before_seq)); }

std::optional<std::uint64_t> parse_entry_cursor(std::string_view cursor) {
  const auto place = place_in(kEntries, cursor);
  return place ? number<std::uint64_t>(*place) : std::nullopt;
}

std::string token_cursor(const TokenPlace& place) {
  return made(kTokens, std::to_string(place.seq) + ":" + std::to_string(place.skip));
}

std::optional<TokenPlace> parse_token_cursor(std::string_view cursor) {
  const auto place = place_in(kTokens, cursor);
  if (!place) return std::nullopt;
  const auto colon = place->find(':');
  if (colon == std::string::npos) return std::nullopt;
  const auto seq = number<std::uint64_t>(std::string_view(*place).substr(0, colon));
  const auto skip = number<std::int64_t>(std::string_view(*place).substr(colon + 1));
  if (!seq || !skip || *skip < 0 || *seq == std::numeric_limits<std::uint64_t>::max()) return std::nullopt;
  return TokenPlace{*seq, *skip};
}

std::string log_cursor(std::string_view place) { return made(kLogs, place); }

std::optional<std::string> parse_log_cursor(std::string_view cursor) {
  auto place = place_in(kLogs, cursor);
  return place && !place->empty() ? place : std::nullopt;
}

std::string sku_cursor(std::string_view after) { return made(kSkus, after); }

std::optional<Sku> parse_sku_cursor(std::string_view cursor) {
  const auto place = place_in(kSkus, cursor);
  return place ? Sku::parse(*place) : std::nullopt;
}

}  // namespace ldt::order
