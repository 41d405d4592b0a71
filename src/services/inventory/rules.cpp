// The business rules of inventory.
// Pure.
#include "services/inventory/rules.h"

#include "base/amounts.h"
#include "base/names.h"

namespace ldt::inventory {

const participant::Terms& Rules::terms() const {
  static constexpr participant::Terms kTerms{.do_step = "inventory.reserve",
                                             .undo_step = "inventory.release",
                                             .refusal = "INSUFFICIENT_INVENTORY",
                                             .sign = -1,
                                             .has_item = false,
                                             .min_amount = kMinOrderQuantity.value,
                                             .max_amount = kMaxOrderQuantity.value,
                                             .max_balance = kMaxStock.value};
  return kTerms;
}

bool Rules::valid_holder(std::string_view name) const { return Sku::parse(name).has_value(); }

bool Rules::valid_item(std::string_view name) const { return name.empty(); }

bool Rules::accepts(const participant::Holding& sku, std::int64_t quantity) const {
  return sku.open && sku.balance >= quantity;
}

}  // namespace ldt::inventory
