#include "services/order/audit/audit_rules.h"

#include <string_view>
#include <utility>

namespace ldt::order {

using saga::OrderState;
using saga::Participant;

namespace {

constexpr std::size_t kMaxViolations = 10'000;

constexpr std::array<std::string_view, saga::kPlan.size()> kDone{"charged", "reserved", "delivered"};

std::string rule_name(std::string_view prefix, Participant participant) {
  return std::string(prefix) + std::string(kDone.at(static_cast<std::size_t>(participant)));
}

std::string says(const Operations& operations, std::size_t participant) {
  const auto& operation = operations.at(participant);
  const std::string name(saga::to_string(static_cast<Participant>(participant)));
  return name + (operation ? " holds it as " + operation->state : " does not know it");
}

}  // namespace

void AuditRules::violation(std::optional<OrderId> order, std::string rule, std::string detail) {
  if (report_.violations.size() < kMaxViolations)
    report_.violations.push_back({order, std::move(rule), std::move(detail)});
}

void AuditRules::check_payload(const AuditedOrder& order, Participant participant, const AuditedOperation& operation) {
  const bool of_sku = participant == Participant::kInventory;
  const auto& holder = of_sku ? order.sku : order.user;
  const std::string item = participant == Participant::kDelivery ? order.sku : std::string();
  const auto amount = participant == Participant::kPayment ? order.total : order.quantity;
  if (operation.holder == holder && operation.item == item && operation.amount == amount) return;
  violation(order.id, "payload-differs",
            std::string(saga::to_string(participant)) + " holds " + std::to_string(operation.amount) + " for " +
                operation.holder + ", the order says " + std::to_string(amount) + " for " + holder);
}

void AuditRules::in_flight(Participant participant, const AuditedOperation& operation) {
  if (!operation.done) return;
  if (participant == Participant::kPayment) report_.credits.charges_in_flight += operation.amount;
  if (participant == Participant::kInventory) report_.stock.reserved += operation.amount;
  if (participant == Participant::kDelivery) delivered_ += operation.amount;
}

void AuditRules::order(const AuditedOrder& order, const Operations& operations) {
  ++report_.orders.at(static_cast<std::size_t>(order.state));
  if (order.state == OrderState::kCompleted) {
    report_.credits.completed_charges += order.total;
    report_.stock.sold += order.quantity;
    delivered_ += order.quantity;
  }
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const auto participant = static_cast<Participant>(i);
    const auto& operation = operations[i];
    const bool done = operation && operation->done;
    if (operation) check_payload(order, participant, *operation);
    if (order.state == OrderState::kCompleted && !done) {
      violation(order.id, rule_name("completed-not-", participant),
                "the order is COMPLETED, but " + says(operations, i));
    } else if (order.state == OrderState::kReverted && done) {
      violation(order.id, rule_name("reverted-but-", participant), "the order is REVERTED, but " + says(operations, i));
    } else if (!saga::is_final(order.state) && operation) {
      in_flight(participant, *operation);
    }
  }
}

void AuditRules::newer(const OrderId& id, const Operations& operations) {
  newer_.push_back(id);
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (operations[i]) in_flight(static_cast<Participant>(i), *operations[i]);
  }
}

void AuditRules::unknown(const OrderId& id) {
  violation(id, "unknown-order", "a participant holds an operation of an order that was never accepted");
}

void AuditRules::totals(Participant participant, const AuditedTotals& totals) {
  for (const auto& text : totals.violations) {
    violation(std::nullopt, std::string(saga::to_string(participant)) + "-books", text);
  }
  switch (participant) {
    case Participant::kPayment:
      report_.credits.granted = totals.put_in;
      report_.credits.balances = totals.held;
      return;
    case Participant::kInventory:
      report_.stock.put_in = totals.put_in;
      report_.stock.on_hand = totals.held;
      return;
    case Participant::kDelivery:
      wallets_ = totals.held;
      return;
  }
}

void AuditRules::damaged(std::string text) { violation(std::nullopt, "order-books", std::move(text)); }

AuditReport AuditRules::report() {
  const auto& [granted, balances, completed, in_flight] = report_.credits;
  if (granted != balances + completed + in_flight) {
    violation(std::nullopt, "credits-equation",
              std::to_string(granted) + " granted, but " + std::to_string(balances + completed + in_flight) +
                  " accounted for");
  }
  const auto& [put_in, on_hand, reserved, sold] = report_.stock;
  if (put_in != on_hand + reserved + sold) {
    violation(std::nullopt, "stock-equation",
              std::to_string(put_in) + " put in, but " + std::to_string(on_hand + reserved + sold) + " accounted for");
  }
  if (wallets_ != delivered_) {
    violation(std::nullopt, "wallets-equation",
              std::to_string(wallets_) + " tokens in wallets, but " + std::to_string(delivered_) + " delivered");
  }
  report_.ok = report_.violations.empty();
  return std::move(report_);
}

}  // namespace ldt::order
