// Credits and token quantities: 64-bit integers with stated bounds, multiplied checked.
// Depends on nothing. Invariant: no amount that passed a bound here can overflow a sum of kMaxCredits.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>

namespace ldt {

struct Credits {
  std::int64_t value = 0;
  friend auto operator<=>(const Credits&, const Credits&) = default;
};

/// Tokens.
struct Quantity {
  std::int64_t value = 0;
  friend auto operator<=>(const Quantity&, const Quantity&) = default;
};

inline constexpr Quantity kMinOrderQuantity{1};
inline constexpr Quantity kMaxOrderQuantity{1'000'000};
inline constexpr Credits kMaxUnitPrice{1'000'000'000};
/// The most an account can hold or one grant can add. Exact in a double, so that any JSON reader can hold it.
inline constexpr Credits kMaxCredits{1'000'000'000'000'000};
/// The most stock a SKU can hold or one restock can add.
inline constexpr Quantity kMaxStock{1'000'000'000'000};

/// price * quantity, or nothing where a bound is broken.
[[nodiscard]] constexpr std::optional<Credits> checked_total(Credits unit_price, Quantity quantity) {
  if (unit_price.value < 0 || unit_price > kMaxUnitPrice) return std::nullopt;
  if (quantity < kMinOrderQuantity || quantity > kMaxOrderQuantity) return std::nullopt;
  return Credits{unit_price.value * quantity.value};  // at most 10^15
}

}  // namespace ldt
