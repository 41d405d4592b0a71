// Order ids: UUIDv7 (RFC 9562), so that orders accepted later sort later and rows append in key order.
// Depends on nothing; time and randomness arrive as arguments.
// Invariant: ids of one generator strictly ascend, even when the clock goes back.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace ldt {

struct OrderId {
  std::array<std::uint8_t, 16> bytes{};

  friend auto operator<=>(const OrderId&, const OrderId&) = default;

  /// Lower-case, 8-4-4-4-12.
  using Text = std::array<char, 36>;
  [[nodiscard]] Text text() const;
  [[nodiscard]] std::string to_string() const;
  /// The 16 bytes, as they travel and are stored.
  [[nodiscard]] std::string_view view() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
  /// When the id was made, to the millisecond.
  [[nodiscard]] WallTime created_at() const;

  /// From 8-4-4-4-12 hexadecimal digits of a version 7 UUID; nothing otherwise.
  [[nodiscard]] static std::optional<OrderId> parse(std::string_view text);
  /// From exactly 16 bytes; nothing otherwise.
  [[nodiscard]] static std::optional<OrderId> from_bytes(std::string_view bytes);
};

/// Makes ids: 48 bits of milliseconds, a 12-bit counter within the millisecond, 62 random bits.
class OrderIdGenerator {
 public:
  [[nodiscard]] OrderId next(WallTime now, std::uint64_t random);

 private:
  std::int64_t last_ms_ = 0;
  std::uint32_t counter_ = 0;
};

}  // namespace ldt

template <>
struct std::hash<ldt::OrderId> {
  std::size_t operator()(const ldt::OrderId& id) const noexcept {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    std::memcpy(&high, id.bytes.data(), 8);
    std::memcpy(&low, id.bytes.data() + 8, 8);
    return static_cast<std::size_t>((high ^ (low * 0x9E3779B97F4A7C15ULL)) * 0xFF51AFD7ED558CCDULL);
  }
};
