// The oracle itself, against ends that the documents spell out.
#include "support/oracle.h"

#include <gtest/gtest.h>

namespace ldt::testing {
namespace {

struct Told {
  const char* what;
  std::vector<Failure> failures;
  End end;
  Handling handling;
};

const Situation kPlenty{.credits = 500, .stock = 100, .price = 10};

TEST(Oracle, ForetellsWhatTheDocumentsSay) {
  const Handling hold{.on_failure = "HOLD"};
  const Told rows[] = {
      {"nothing fails", {}, {}, {}},
      {"no answer, every time",
       {{"payment.charge", "TIMEOUT"}},
       {201, true, "REVERTED", "TIMEOUT", "payment.charge"},
       {}},
      {"two attempts of three fail", {{"payment.charge", "TIMEOUT", "APPLIED", 2}}, {}, {}},
      {"an error, every time",
       {{"inventory.reserve", "UNKNOWN"}},
       {201, true, "REVERTED", "UNKNOWN", "inventory.reserve"},
       {}},
      {"errors and silence",
       {{"inventory.reserve", "TIMEOUT", "NONE", 2}, {"inventory.reserve", "UNKNOWN"}},
       {201, true, "REVERTED", "UNKNOWN", "inventory.reserve"},
       {}},
      {"refused delivery",
       {{"delivery.deliver", "REFUSE"}},
       {201, true, "REVERTED", "UNDELIVERABLE", "delivery.deliver"},
       {}},
      {"refused after it was done",
       {{"delivery.deliver", "TIMEOUT", "APPLIED", 1}, {"delivery.deliver", "REFUSE"}},
       {},
       {}},
      {"only late", {{"delivery.deliver", "DELAY", "NONE", {}, 20}}, {}, {}},
      {"one crash", {{"delivery.deliver", "CRASH"}}, {}, {}},
      {"undo fails at first",
       {{"delivery.deliver", "TIMEOUT"}, {"payment.refund", "UNKNOWN"}},
       {201, true, "REVERTED", "TIMEOUT", "delivery.deliver"},
       {}},
      {"held", {{"delivery.deliver", "TIMEOUT"}}, {202, true, "HELD", "", "delivery.deliver"}, hold},
      {"refusals are not held",
       {{"delivery.deliver", "REFUSE"}},
       {201, true, "REVERTED", "UNDELIVERABLE", "delivery.deliver"},
       hold},
      {"never accepted", {{"order.accept", "TIMEOUT"}}, {504, false, "", "", ""}, {}},
      {"never accepted, error", {{"order.accept", "UNKNOWN"}}, {500, false, "", "", ""}, {}},
      {"accepted unseen",
       {{"order.accept", "TIMEOUT", "APPLIED"}},
       {504, true, "REVERTED", "TIMEOUT", "order.accept"},
       {}},
      {"accepted at last", {{"order.accept", "UNKNOWN", "NONE", 2}}, {}, {}},
      {"refused at the door", {{"order.accept", "REFUSE"}}, {409, false, "", "", ""}, {}},
      {"crash before it was durable", {{"order.accept", "CRASH"}}, {0, false, "", "", ""}, {}},
      {"crash after it was durable", {{"order.accept", "CRASH", "APPLIED"}}, {0, true, "COMPLETED", "SUCCESS", ""}, {}},
      {"crash at the end", {{"order.finish", "CRASH"}}, {0, true, "COMPLETED", "SUCCESS", ""}, {}},
      {"the end fails at first", {{"order.finish", "TIMEOUT"}}, {}, {}},
  };
  for (const auto& row : rows) {
    const OrderRequest request{
        .user = "u", .sku = "s", .quantity = 2, .failures = row.failures, .handling = row.handling};
    EXPECT_EQ(documented_end(request, kPlenty), row.end) << row.what;
  }
}

TEST(Oracle, ForetellsShortageOfMoneyBeforeShortageOfStock) {
  const auto end_of = [](std::int64_t quantity, Situation situation) {
    return documented_end({.user = "u", .sku = "s", .quantity = quantity}, situation).outcome;
  };
  EXPECT_EQ(end_of(50, {.credits = 500, .stock = 50, .price = 10}), "SUCCESS");
  EXPECT_EQ(end_of(51, {.credits = 500, .stock = 51, .price = 10}), "INSUFFICIENT_FUND");
  EXPECT_EQ(end_of(50, {.credits = 500, .stock = 49, .price = 10}), "INSUFFICIENT_INVENTORY");
  EXPECT_EQ(end_of(51, {.credits = 500, .stock = 0, .price = 10}), "INSUFFICIENT_FUND");
}

struct Strikes {
  const char* what;
  std::vector<Failure> failures;
  std::vector<int> struck;
};

TEST(Oracle, ForetellsHowOftenEachInstructionStrikes) {
  const Strikes rows[] = {
      {"as often as there are attempts", {{"payment.charge", "TIMEOUT"}}, {3}},
      {"as often as it says", {{"payment.charge", "CRASH", "NONE", 2}}, {2}},
      {"a delay is an answer", {{"payment.charge", "DELAY", "NONE", 3, 20}}, {1}},
      {"one after the other", {{"payment.charge", "UNKNOWN", "NONE", 1}, {"payment.charge", "TIMEOUT"}}, {1, 2}},
      {"nothing is undone", {{"payment.refund", "UNKNOWN", "NONE", 2}}, {0}},
      {"only what may have been done is undone",
       {{"inventory.reserve", "REFUSE"}, {"payment.refund", "UNKNOWN", "NONE", 5}, {"inventory.release", "UNKNOWN"}},
       {1, 5, 0}},
      {"whoever recovers an order undoes all",
       {{"inventory.reserve", "REFUSE"}, {"inventory.release", "UNKNOWN"}, {"order.finish", "CRASH"}},
       {1, 1, 1}},
      {"an order that has ended is not finished again", {{"order.finish", "CRASH", "APPLIED", 3}}, {1}},
      {"an end that was not told is", {{"order.finish", "UNKNOWN", "APPLIED", 3}}, {3}},
      {"an order that is there is accepted", {{"order.accept", "CRASH", "APPLIED", 3}}, {1}},
  };
  for (const auto& row : rows) {
    const OrderRequest request{.user = "u", .sku = "s", .quantity = 2, .failures = row.failures};
    EXPECT_EQ(foretell(request, kPlenty).struck, row.struck) << row.what;
  }
}

TEST(Oracle, ForetellsWhatBecomesOfAHeldOrder) {
  OrderRequest request{.user = "u", .sku = "s", .quantity = 2, .handling = {.on_failure = "HOLD"}};
  request.failures = {{"inventory.reserve", "TIMEOUT", "NONE", 4}, {"payment.refund", "UNKNOWN"}};
  const auto end_after = [&](const std::vector<Steer>& steering) { return foretell(request, kPlenty, steering); };
  EXPECT_EQ(end_after({}).end, (End{202, true, "HELD", "", "inventory.reserve"}));
  EXPECT_EQ(end_after({Steer::kRetry}).end, (End{202, true, "COMPLETED", "SUCCESS", ""}));
  EXPECT_EQ(end_after({Steer::kRetry}).attempts.at("inventory.reserve"), 5);
  EXPECT_EQ(end_after({Steer::kCancel}).end, (End{202, true, "REVERTED", "CANCELLED", "inventory.reserve"}));
  EXPECT_EQ(end_after({Steer::kCancel}).struck, (std::vector<int>{3, 1}));
}

TEST(Oracle, ForetellsNoOrderAboveThePriceLimit) {
  EXPECT_EQ(documented_end({.user = "u", .sku = "s", .max_unit_price = 9}, kPlenty), (End{409, false, "", "", ""}));
  EXPECT_EQ(documented_end({.user = "u", .sku = "s", .max_unit_price = 10}, kPlenty), End{});
}

}  // namespace
}  // namespace ldt::testing
