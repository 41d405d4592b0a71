// The conservation proof over all services: what it found, and who can be asked for it.
// Depends on nothing but ids. Invariant: `ok` is true only where both equations hold and no order breaks a rule.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/order_id.h"
#include "base/result.h"
#include "saga/vocabulary.h"

namespace ldt::order {

/// granted = balances + completed_charges + charges_in_flight
struct CreditsEquation {
  std::int64_t granted = 0;
  std::int64_t balances = 0;
  std::int64_t completed_charges = 0;
  std::int64_t charges_in_flight = 0;
};

/// put_in = on_hand + reserved + sold
struct StockEquation {
  std::int64_t put_in = 0;
  std::int64_t on_hand = 0;
  std::int64_t reserved = 0;
  std::int64_t sold = 0;
};

inline constexpr std::size_t kOrderStateCount = 5;

struct Violation {
  std::optional<OrderId> order;  // nothing: the rule is not about one order
  std::string rule;              // one word for machines: "completed-not-charged"
  std::string detail;            // one line for people
};

struct AuditReport {
  bool ok = false;
  CreditsEquation credits;
  StockEquation stock;
  std::array<std::int64_t, kOrderStateCount> orders{};  // how many, by saga::OrderState
  std::vector<Violation> violations;
};

class Auditor {
 public:
  virtual ~Auditor() = default;

  /// Audits all services while orders run. `done` runs exactly once, on any thread; kUnavailable where a service is
  /// down.
  virtual void run(std::function<void(Result<AuditReport>)> done) = 0;
};

}  // namespace ldt::order
