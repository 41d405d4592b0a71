// The participant's memory: names, holdings, and the operations of recent orders. A projection of the journal.
// Pure. One thread. Depends on operation.h and rules.h.
// Invariant: every operation whose order id is above floor() is in memory, so what is not found there is surely new;
// since order ids are UUIDv7 and arrive nearly in order, almost no command asks the storage.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/order_id.h"
#include "participant/operation.h"
#include "participant/rules.h"

namespace ldt::participant {

/// How many recent operations are kept in memory.
inline constexpr std::size_t kRecentOperations = 65'536;

/// Changes are tentative until commit(); rollback() drops all since the last commit.
class Book {
 public:
  explicit Book(std::size_t recent_operations = kRecentOperations) : capacity_(recent_operations) {}

  /// How many operations it keeps in memory.
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

  /// kNoName where the name is not known.
  [[nodiscard]] NameId find_name(std::string_view name) const;
  [[nodiscard]] const std::string& name(NameId id) const { return names_[id - 1]; }
  /// Gives a name that is not known the next id: 1, 2, 3, ...
  NameId add_name(std::string_view name);
  [[nodiscard]] std::size_t name_count() const { return names_.size(); }

  [[nodiscard]] const Holding& holding(NameId id) const { return accounts_[id - 1].holding; }
  void set_holding(NameId id, const Holding& holding);
  /// As of the last commit; not open where the name was not known then.
  [[nodiscard]] Holding committed_holding(NameId id) const;

  /// The operation of an order, state kNone if there is surely none; nothing: the storage must be asked.
  [[nodiscard]] std::optional<Operation> recall(const OrderId& order) const;
  void remember(const OrderId& order, const Operation& operation);

  [[nodiscard]] std::int64_t last_seq() const { return last_seq_; }
  std::int64_t next_seq() { return ++last_seq_; }

  void commit();
  void rollback();

  /// Holdings that changed since the last clear_unsaved().
  [[nodiscard]] const std::vector<NameId>& unsaved() const { return unsaved_; }
  void clear_unsaved();
  /// Gives them away: they count as saved from now on. Not while changes are tentative.
  [[nodiscard]] std::vector<NameId> take_unsaved();

  /// While loading: how far the journal goes, and (if any are left out) below which order id memory has gaps.
  void set_last_seq(std::int64_t seq) { last_seq_ = committed_seq_ = seq; }
  void set_floor(const OrderId& floor) { floor_ = floor; }
  [[nodiscard]] const std::optional<OrderId>& floor() const { return floor_; }

 private:
  struct Account {
    Holding holding;
    bool unsaved = false;
  };
  struct OldHolding {
    NameId id;
    Holding holding;
  };
  struct OldOperation {
    OrderId order;
    OperationState state;  // kNone: it was not in memory
  };
  void forget_oldest();

  std::deque<std::string> names_;  // id - 1; never moves, so that ids_ can point into it
  std::unordered_map<std::string_view, NameId> ids_;
  std::vector<Account> accounts_;  // id - 1
  std::vector<NameId> unsaved_;

  std::size_t capacity_;
  std::unordered_map<OrderId, Operation> operations_;
  std::deque<OrderId> arrival_;   // of operations_, oldest first
  std::optional<OrderId> floor_;  // nothing: all operations are in memory

  std::int64_t last_seq_ = 0;
  std::int64_t committed_seq_ = 0;
  std::size_t committed_names_ = 0;
  std::vector<OldHolding> old_holdings_;
  std::vector<OldOperation> old_operations_;
};

}  // namespace ldt::participant
