// The business rules of payment.
// Pure.
#include "services/payment/rules.h"

#include "base/names.h"

namespace ldt::payment {

const participant::Terms& Rules::terms() const {
  static constexpr participant::Terms kTerms{.do_step = "payment.charge",
                                             .undo_step = "payment.refund",
                                             .refusal = "INSUFFICIENT_FUND",
                                             .sign = -1,
                                             .has_item = false,
                                             .min_amount = 0,
                                             .max_amount = kMaxCredits.value,
                                             .max_balance = kMaxCredits.value};
  return kTerms;
}

bool Rules::valid_holder(std::string_view name) const { return UserName::parse(name).has_value(); }

bool Rules::valid_item(std::string_view name) const { return name.empty(); }

bool Rules::accepts(const participant::Holding& account, std::int64_t charge) const {
  return account.balance >= charge;
}

}  // namespace ldt::payment
