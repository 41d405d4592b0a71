// The business rules of delivery: who has a wallet, and when a delivery is refused.
// Pure.
// Invariant: a wallet never holds more than can be counted.
#pragma once

#include "participant/rules.h"

namespace ldt::delivery {

class Rules final : public participant::Rules {
 public:
  [[nodiscard]] const participant::Terms& terms() const override;
  [[nodiscard]] bool valid_holder(std::string_view name) const override;
  [[nodiscard]] bool valid_item(std::string_view name) const override;
  /// A wallet begins with its first delivery; nothing is put in from outside.
  [[nodiscard]] std::optional<std::int64_t> opening() const override { return std::nullopt; }
  /// UNDELIVERABLE where the wallet would hold more tokens than there can be of a SKU.
  [[nodiscard]] bool accepts(const participant::Holding& wallet, std::int64_t quantity) const override;
};

}  // namespace ldt::delivery
