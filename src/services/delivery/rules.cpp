// The business rules of delivery.
// Pure.
#include "services/delivery/rules.h"

#include "base/amounts.h"
#include "base/names.h"

namespace ldt::delivery {

const participant::Terms& Rules::terms() const {
  static constexpr participant::Terms kTerms{.do_step = "delivery.deliver",
                                             .undo_step = "delivery.revoke",
                                             .refusal = "UNDELIVERABLE",
                                             .sign = +1,
                                             .has_item = true,
                                             .min_amount = kMinOrderQuantity.value,
                                             .max_amount = kMaxOrderQuantity.value,
                                             .max_balance = kMaxStock.value};
  return kTerms;
}

bool Rules::valid_holder(std::string_view name) const { return UserName::parse(name).has_value(); }

bool Rules::valid_item(std::string_view name) const { return Sku::parse(name).has_value(); }

bool Rules::accepts(const participant::Holding& wallet, std::int64_t quantity) const {
  return wallet.balance <= terms().max_balance - quantity;
}

}  // namespace ldt::delivery
