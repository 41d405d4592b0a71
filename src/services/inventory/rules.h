// The business rules of inventory: which SKUs there are, and when a reservation is refused.
// Pure.
// Invariant: stock never goes below zero.
#pragma once

#include "participant/rules.h"

namespace ldt::inventory {

class Rules final : public participant::Rules {
 public:
  [[nodiscard]] const participant::Terms& terms() const override;
  [[nodiscard]] bool valid_holder(std::string_view name) const override;
  [[nodiscard]] bool valid_item(std::string_view name) const override;
  /// Only an operator makes a SKU, by setting its price.
  [[nodiscard]] std::optional<std::int64_t> opening() const override { return std::nullopt; }
  /// INSUFFICIENT_INVENTORY where there is no such SKU or less stock than asked for.
  [[nodiscard]] bool accepts(const participant::Holding& sku, std::int64_t quantity) const override;
};

}  // namespace ldt::inventory
