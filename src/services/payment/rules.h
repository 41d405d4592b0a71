// The business rules of payment: who has an account, and when a charge is refused.
// Pure.
// Invariant: a balance never goes below zero.
#pragma once

#include "base/amounts.h"
#include "participant/rules.h"

namespace ldt::payment {

inline constexpr Credits kDefaultInitialCredits{500};

class Rules final : public participant::Rules {
 public:
  /// @param initial_credits  what accounts that are opened from now on start with
  explicit Rules(Credits initial_credits = kDefaultInitialCredits) : initial_credits_(initial_credits) {}

  [[nodiscard]] const participant::Terms& terms() const override;
  /// A user. There is no user service: the user named in an order is taken as legitimate.
  [[nodiscard]] bool valid_holder(std::string_view name) const override;
  [[nodiscard]] bool valid_item(std::string_view name) const override;
  /// A user whom payment has not seen starts with the initial credits, even if the charge is then refused.
  [[nodiscard]] std::optional<std::int64_t> opening() const override { return initial_credits_.value; }
  /// INSUFFICIENT_FUND where the account holds less than the charge.
  [[nodiscard]] bool accepts(const participant::Holding& account, std::int64_t charge) const override;

 private:
  Credits initial_credits_;
};

}  // namespace ldt::payment
