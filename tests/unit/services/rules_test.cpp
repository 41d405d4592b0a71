// The business rules of the three participants: a line each that a reader can hold against the documents.
#include <string>

#include <gtest/gtest.h>

#include "services/delivery/rules.h"
#include "services/inventory/rules.h"
#include "services/payment/rules.h"

namespace ldt {
namespace {

using participant::Holding;

TEST(PaymentRules, ChargeUpToTheLastCredit) {
  const payment::Rules rules;
  EXPECT_TRUE(rules.accepts(Holding{.balance = 20, .open = true}, 20));
  EXPECT_FALSE(rules.accepts(Holding{.balance = 19, .open = true}, 20));
  EXPECT_TRUE(rules.accepts(Holding{.balance = 0, .open = true}, 0)) << "a free order needs no money";
}

TEST(PaymentRules, OpenAnAccountWithTheInitialCredits) {
  EXPECT_EQ(payment::Rules().opening(), 500);
  EXPECT_EQ(payment::Rules(Credits{7}).opening(), 7);
  EXPECT_EQ(payment::Rules(Credits{0}).opening(), 0);
}

TEST(PaymentRules, TakeFromTheBalanceAndRefuseForMoney) {
  const payment::Rules rules;
  EXPECT_EQ(rules.terms().do_step, "payment.charge");
  EXPECT_EQ(rules.terms().undo_step, "payment.refund");
  EXPECT_EQ(rules.terms().refusal, "INSUFFICIENT_FUND");
  EXPECT_EQ(rules.terms().sign, -1);
  EXPECT_EQ(rules.terms().max_amount, kMaxCredits.value);
}

TEST(PaymentRules, KnowUsersByTheirNames) {
  const payment::Rules rules;
  EXPECT_TRUE(rules.valid_holder("Zo\xC3\xA9"));
  EXPECT_FALSE(rules.valid_holder("Zoe\xCC\x81"));
  EXPECT_FALSE(rules.valid_holder(""));
}

TEST(InventoryRules, ReserveUpToTheLastToken) {
  const inventory::Rules rules;
  EXPECT_TRUE(rules.accepts(Holding{.balance = 3, .open = true}, 3));
  EXPECT_FALSE(rules.accepts(Holding{.balance = 2, .open = true}, 3));
  EXPECT_FALSE(rules.accepts(Holding{.balance = 3, .open = false}, 1)) << "there is no such SKU";
}

TEST(InventoryRules, LeaveMakingASkuToTheOperator) { EXPECT_EQ(inventory::Rules().opening(), std::nullopt); }

TEST(InventoryRules, TakeFromTheStockAndRefuseForStock) {
  const inventory::Rules rules;
  EXPECT_EQ(rules.terms().do_step, "inventory.reserve");
  EXPECT_EQ(rules.terms().undo_step, "inventory.release");
  EXPECT_EQ(rules.terms().refusal, "INSUFFICIENT_INVENTORY");
  EXPECT_EQ(rules.terms().sign, -1);
  EXPECT_EQ(rules.terms().min_amount, 1);
  EXPECT_EQ(rules.terms().max_amount, 1'000'000);
  EXPECT_TRUE(rules.valid_holder("late-day"));
  EXPECT_FALSE(rules.valid_holder("Late Day"));
}

TEST(DeliveryRules, PutIntoTheWalletWhateverFits) {
  const delivery::Rules rules;
  EXPECT_TRUE(rules.accepts(Holding{}, 1));
  EXPECT_TRUE(rules.accepts(Holding{.balance = kMaxStock.value - 5}, 5));
  EXPECT_FALSE(rules.accepts(Holding{.balance = kMaxStock.value - 4}, 5));
}

TEST(DeliveryRules, NameTheUserAndTheSku) {
  const delivery::Rules rules;
  EXPECT_EQ(rules.terms().do_step, "delivery.deliver");
  EXPECT_EQ(rules.terms().undo_step, "delivery.revoke");
  EXPECT_EQ(rules.terms().refusal, "UNDELIVERABLE");
  EXPECT_EQ(rules.terms().sign, +1);
  EXPECT_TRUE(rules.terms().has_item);
  EXPECT_EQ(rules.opening(), std::nullopt);
  EXPECT_TRUE(rules.valid_holder("alice"));
  EXPECT_TRUE(rules.valid_item("late-day"));
  EXPECT_FALSE(rules.valid_item(""));
}

}  // namespace
}  // namespace ldt
