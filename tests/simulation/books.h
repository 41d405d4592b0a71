// The four databases as they are on the disks in the end, read with SQL of the simulation's own, and what must hold of
// them together: I1 to I7. Depends on sqlite3.
// Invariant: nothing here asks the product what its tables mean; a mistake is not made on both sides.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "simulation/clients.h"

namespace ldt::simulation {

struct StoredOrder {
  std::string id;
  std::string user;
  std::string sku;
  std::int64_t quantity = 0;
  std::int64_t total = 0;
  std::string key;
  std::int64_t fingerprint = 0;
  int state = 0;   // 3 COMPLETED, 4 REVERTED; anything else has not ended
  int reason = 0;  // saga::Outcome
};

struct JournalEntry {
  std::int64_t seq = 0;
  int kind = 0;   // 1 grant, 2 do, 3 undo, 4 price
  int state = 0;  // 1 DONE, 2 REFUSED, 3 TOMBSTONE, 4 UNDONE
  std::string order;
  std::string holder;
  std::string item;
  std::int64_t amount = 0;
  std::int64_t delta = 0;
};

/// What was put in by operators' changes, beside what accounts are opened with.
struct Expected {
  std::int64_t initial_credits = 0;
  const std::vector<OperatorChange>& changes;
};

class Books {
 public:
  /// Reads all of it.
  Books(const std::string& order_database, const std::array<std::string, saga::kPlan.size()>& journals);

  /// Each throws a Violation.
  void check_orders_ended() const;                                                 // I5
  void check_effects() const;                                                      // I3, I4
  void check_credits_and_stock(const Expected& expected) const;                    // I1, I2
  void check_projections() const;                                                  // I2: what is saved is what happened
  void check_against_what_was_told(const std::vector<Purchase>& purchases) const;  // I5, I6, I7

  [[nodiscard]] const std::map<std::string, StoredOrder>& orders() const { return orders_; }
  /// Of a participant: what the journal's entries add up to, by holder.
  [[nodiscard]] std::map<std::string, std::int64_t> balances(std::size_t participant) const;

 private:
  void check_effect(const StoredOrder& order, std::size_t participant, std::vector<JournalEntry> entries) const;
  [[nodiscard]] std::int64_t sum_of(std::size_t participant, int kind) const;
  [[nodiscard]] const StoredOrder* find(const order::NewOrder& wanted) const;

  std::map<std::string, StoredOrder> orders_;  // by id
  std::array<std::vector<JournalEntry>, saga::kPlan.size()> journals_;
  std::array<std::map<std::string, std::int64_t>, saga::kPlan.size()> projected_;  // view holding_now
  std::map<std::string, std::int64_t> sold_;
};

}  // namespace ldt::simulation
