#include "base/order_id.h"

#include <algorithm>
#include <cstring>

#include "base/append_text.h"

namespace ldt {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_dash(std::size_t position) { return position == 8 || position == 13 || position == 18 || position == 23; }

bool is_version_7(const OrderId& id) { return (id.bytes[6] >> 4) == 7 && (id.bytes[8] >> 6) == 2; }

}  // namespace

OrderId::Text OrderId::text() const {
  Text text;
  std::size_t at = 0;
  for (const std::uint8_t byte : bytes) {
    if (is_dash(at)) text[at++] = '-';
    const HexPair pair = hex_pair(byte);
    std::memcpy(text.data() + at, pair.data(), pair.size());
    at += pair.size();
  }
  return text;
}

std::string OrderId::to_string() const {
  const Text characters = text();
  return {characters.data(), characters.size()};
}

WallTime OrderId::created_at() const {
  std::int64_t ms = 0;
  for (int i = 0; i < 6; ++i) ms = (ms << 8) | bytes[static_cast<std::size_t>(i)];
  return {ms * 1000};
}

std::optional<OrderId> OrderId::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  OrderId id;
  std::size_t digit = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_dash(i)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const int value = hex_value(text[i]);
    if (value < 0) return std::nullopt;
    auto& byte = id.bytes[digit / 2];
    byte = static_cast<std::uint8_t>((byte << 4) | value);
    ++digit;
  }
  return is_version_7(id) ? std::optional(id) : std::nullopt;
}

std::optional<OrderId> OrderId::from_bytes(std::string_view bytes) {
  if (bytes.size() != 16) return std::nullopt;
  OrderId id;
  std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
  return id;
}

OrderId OrderIdGenerator::next(WallTime now, std::uint64_t random) {
  const std::int64_t ms = now.us / 1000;
  if (ms > last_ms_) {
    last_ms_ = ms;
    counter_ = 0;
  } else if (++counter_ > 0xFFF) {  // 4,096 ids in a millisecond: borrow from the next one
    ++last_ms_;
    counter_ = 0;
  }
  OrderId id;
  for (std::size_t i = 0; i < 6; ++i) id.bytes[i] = static_cast<std::uint8_t>(last_ms_ >> (40 - 8 * i));
  id.bytes[6] = static_cast<std::uint8_t>(0x70 | (counter_ >> 8));
  id.bytes[7] = static_cast<std::uint8_t>(counter_);
  for (std::size_t i = 0; i < 8; ++i) id.bytes[8 + i] = static_cast<std::uint8_t>(random >> (8 * i));
  id.bytes[8] = static_cast<std::uint8_t>(0x80 | (id.bytes[8] & 0x3F));
  return id;
}

}  // namespace ldt
