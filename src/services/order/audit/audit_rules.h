// The conservation rules, applied to one order after the other: what each state demands of the three participants.
// Pure: whoever reads the services hands it their rows. Invariant: sums are taken from what the orders say for finished
// orders and from what the participants say for the rest, so that a disagreement shows in the equations too.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "services/order/audit.h"

namespace ldt::order {

/// What the audit needs of an order.
struct AuditedOrder {
  OrderId id;
  saga::OrderState state = saga::OrderState::kRunning;
  std::string user;
  std::string sku;
  std::int64_t quantity = 0;
  std::int64_t total = 0;
};

/// What a participant holds of an order.
struct AuditedOperation {
  OrderId order;
  bool done = false;  // DONE; REFUSED, TOMBSTONE and UNDONE have no effect
  std::string state;  // in words
  std::string holder;
  std::string item;
  std::int64_t amount = 0;
};

/// Totals of one participant's snapshot.
struct AuditedTotals {
  std::int64_t put_in = 0;
  std::int64_t held = 0;
  std::vector<std::string> violations;
};

/// By saga::Participant; nothing where the participant does not know the order.
using Operations = std::array<std::optional<AuditedOperation>, saga::kPlan.size()>;

/// Adds up one audit. Feed it every order and operation once, by ascending id, then the totals.
class AuditRules {
 public:
  void order(const AuditedOrder& order, const Operations& operations);
  /// Operations of an id that was no order when the audit began.
  void newer(const OrderId& id, const Operations& operations);
  /// The id is no order even now: nothing may have been done for it.
  void unknown(const OrderId& id);
  void totals(saga::Participant participant, const AuditedTotals& totals);
  /// The orders' own file is damaged; `text` says where.
  void damaged(std::string text);

  /// Ids given to newer(): they must be orders by now.
  [[nodiscard]] const std::vector<OrderId>& newer_ids() const { return newer_; }
  /// Judges. Call it last.
  [[nodiscard]] AuditReport report();

 private:
  void check_payload(const AuditedOrder& order, saga::Participant participant, const AuditedOperation& operation);
  void in_flight(saga::Participant participant, const AuditedOperation& operation);
  void violation(std::optional<OrderId> order, std::string rule, std::string detail);

  AuditReport report_;
  std::int64_t delivered_ = 0;  // tokens of DONE deliveries
  std::int64_t wallets_ = 0;    // tokens that delivery says are held
  std::vector<OrderId> newer_;
};

}  // namespace ldt::order
