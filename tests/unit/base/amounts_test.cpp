// Amounts: price times quantity is exact inside the stated bounds and refused outside them.
#include "base/amounts.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ldt {
namespace {

TEST(Amounts, TheDearestOrderIsStillWithinTheBoundOfAnAccount) {
  const auto total = checked_total(kMaxUnitPrice, kMaxOrderQuantity);
  ASSERT_TRUE(total.has_value());
  EXPECT_EQ(total->value, 1'000'000'000'000'000);
  EXPECT_LE(*total, kMaxCredits);
}

TEST(Amounts, AFreeTokenCostsNothing) { EXPECT_EQ(checked_total(Credits{0}, Quantity{7}), Credits{0}); }

struct OutOfBounds {
  const char* what;
  Credits price;
  Quantity quantity;
};

TEST(Amounts, HaveNoTotalOutsideTheirBounds) {
  const OutOfBounds rows[] = {
      {"negative price", Credits{-1}, Quantity{1}},
      {"price too high", Credits{kMaxUnitPrice.value + 1}, Quantity{1}},
      {"highest number as price", Credits{INT64_MAX}, Quantity{1}},
      {"lowest number as price", Credits{INT64_MIN}, Quantity{1}},
      {"no tokens", Credits{1}, Quantity{0}},
      {"negative quantity", Credits{1}, Quantity{-1}},
      {"too many tokens", Credits{1}, Quantity{kMaxOrderQuantity.value + 1}},
      {"highest number as quantity", Credits{1}, Quantity{INT64_MAX}},
  };
  for (const auto& row : rows) EXPECT_EQ(checked_total(row.price, row.quantity), std::nullopt) << row.what;
}

RC_GTEST_PROP(Amounts, MultiplyExactlyWithinTheirBounds, ()) {
  const auto price = *rc::gen::inRange<std::int64_t>(0, kMaxUnitPrice.value + 1);
  const auto quantity = *rc::gen::inRange<std::int64_t>(1, kMaxOrderQuantity.value + 1);
  const auto total = checked_total(Credits{price}, Quantity{quantity});
  RC_ASSERT(total.has_value());
  RC_ASSERT(static_cast<__int128>(price) * quantity == total->value);
}

RC_GTEST_PROP(Amounts, NeverOverflowWhateverIsAsked, (std::int64_t price, std::int64_t quantity)) {
  const auto total = checked_total(Credits{price}, Quantity{quantity});
  const bool in_bounds =
      price >= 0 && price <= kMaxUnitPrice.value && quantity >= 1 && quantity <= kMaxOrderQuantity.value;
  RC_ASSERT(total.has_value() == in_bounds);
}

}  // namespace
}  // namespace ldt
