#include "services/order/http/participant_json.h"

#include <algorithm>
#include <optional>

#include "platform/http/json_writer.h"
#include "services/order/http/order_json.h"

namespace ldt::order {
namespace {

using http::append_integer;
using http::append_string;
using http::append_string_or_null;
using http::Comma;

constexpr std::size_t kTokenBytes = 200;

std::string_view to_string(EntryKind kind) {
  switch (kind) {
    case EntryKind::kGrant:
      return "GRANT";
    case EntryKind::kCharge:
      return "CHARGE";
    case EntryKind::kRefund:
      return "REFUND";
  }
  return "";
}

void append_cursor(std::string& out, std::string_view cursor) {
  out += ",\"next_cursor\":";
  append_string_or_null(out, cursor);
}

void append_entry(std::string& out, const LedgerEntry& entry) {
  out += "{\"kind\":";
  append_string(out, to_string(entry.kind));
  out += ",\"amount\":";
  append_integer(out, entry.amount);
  out += ",\"order_id\":";
  append_string_or_null(out, entry.order ? entry.order->to_string() : std::string());
  out += ",\"at\":";
  append_time(out, entry.at);
  out.push_back('}');
}

/// What the tokens of one delivery have in common, after their ids: written once for up to a million of them.
std::string token_tail(const HeldDelivery& delivery, const std::string& order_id) {
  std::string tail = "\",\"sku\":";
  append_string(tail, delivery.sku);
  tail += ",\"order_id\":";
  append_string(tail, order_id);
  tail += ",\"delivered_at\":";
  append_time(tail, delivery.at);
  tail.push_back('}');
  return tail;
}

void append_tokens(std::string& out, Comma& comma, const HeldDelivery& delivery, std::int64_t skip,
                   std::int64_t count) {
  const std::string order_id = delivery.order.to_string();
  const std::string tail = token_tail(delivery, order_id);
  for (std::int64_t n = skip + 1; n <= skip + count; ++n) {
    comma(out);
    out += "{\"id\":\"";
    out += order_id;
    out.push_back(':');
    append_integer(out, n);
    out += tail;
  }
}

/// Appends up to `limit` tokens; where more follow, the place of the next one.
std::optional<TokenPlace> append_token_page(std::string& out, const Wallet& wallet, const TokenPlace& place,
                                            std::uint32_t limit) {
  Comma comma;
  std::int64_t room = limit;
  for (const HeldDelivery& delivery : wallet.deliveries) {
    if (room == 0) return TokenPlace{delivery.seq, 0};
    const std::int64_t skip = delivery.seq == place.seq ? std::min(place.skip, delivery.quantity) : 0;
    const std::int64_t count = std::min(room, delivery.quantity - skip);
    append_tokens(out, comma, delivery, skip, count);
    room -= count;
    if (skip + count < delivery.quantity) return TokenPlace{delivery.seq, skip + count};
  }
  if (wallet.next_before_seq == 0) return std::nullopt;
  return TokenPlace{wallet.next_before_seq - 1, 0};
}

void append_sku(std::string& out, const SkuRow& row, Quantity sold) {
  out += "{\"sku\":";
  append_string(out, row.sku);
  out += ",\"price\":";
  append_integer(out, row.unit_price.value);
  out += ",\"stock\":";
  append_integer(out, row.stock);
  out += ",\"reserved\":";
  append_integer(out, row.allocated - sold.value);
  out += ",\"sold\":";
  append_integer(out, sold.value);
  out.push_back('}');
}

}  // namespace

std::string account_json(const Account& account) {
  std::string out = "{\"user\":";
  append_string(out, account.user);
  out += ",\"credits\":";
  append_integer(out, account.credits.value);
  out += ",\"entries\":[";
  Comma comma;
  for (const LedgerEntry& entry : account.entries) {
    comma(out);
    append_entry(out, entry);
  }
  out.push_back(']');
  append_cursor(out, account.next_before_seq == 0 ? std::string() : entry_cursor(account.next_before_seq));
  out.push_back('}');
  return out;
}

std::string grant_json(const Grant& grant) {
  std::string out = "{\"user\":";
  append_string(out, grant.user);
  out += ",\"credits\":";
  append_integer(out, grant.credits.value);
  out.push_back('}');
  return out;
}

std::string wallet_json(const Wallet& wallet, const TokenPlace& place, std::uint32_t limit) {
  std::string out = "{\"user\":";
  out.reserve(kTokenBytes *
              std::min<std::size_t>(limit, static_cast<std::size_t>(std::max<std::int64_t>(wallet.tokens, 1))));
  append_string(out, wallet.user);
  out += ",\"quantity\":";
  append_integer(out, wallet.tokens);
  out += ",\"tokens\":[";
  const auto next = append_token_page(out, wallet, place, limit);
  out.push_back(']');
  append_cursor(out, next ? token_cursor(*next) : std::string());
  out.push_back('}');
  return out;
}

std::string sku_json(const SkuRow& row, Quantity sold) {
  std::string out;
  append_sku(out, row, sold);
  return out;
}

std::string skus_json(const SkuPage& page, const std::vector<Quantity>& sold) {
  std::string out = "{\"inventory\":[";
  Comma comma;
  for (std::size_t i = 0; i < page.skus.size(); ++i) {
    comma(out);
    append_sku(out, page.skus[i], sold[i]);
  }
  out.push_back(']');
  append_cursor(out, page.next_after.empty() ? std::string() : sku_cursor(page.next_after));
  out.push_back('}');
  return out;
}

}  // namespace ldt::order
