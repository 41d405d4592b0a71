// Where a participant's decisions are kept: append-only, behind an interface, so that tests bring their own.
// Pure: an interface only. All calls belong to the one transaction that the implementation's owner has opened.
// Invariant: an Error means that the transaction cannot be committed; everything in it is dropped.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/order_id.h"
#include "base/result.h"
#include "participant/operation.h"

namespace ldt::participant {

/// The numbers are stored.
enum class RowKind : std::uint8_t {
  kGrant = 1,  // put in from outside: initial credits, a grant, a restock
  kDo = 2,     // state DONE or REFUSED
  kUndo = 3,   // state UNDONE or TOMBSTONE
  kPrice = 4,  // `amount` is the new price
};

struct JournalRow {
  std::int64_t seq = 0;  // 1, 2, 3, ... without gaps
  WallTime at;
  RowKind kind = RowKind::kGrant;
  OperationState state = OperationState::kNone;  // of kDo and kUndo
  std::optional<OrderId> order;                  // of kDo and kUndo
  Payload payload;
  std::int64_t delta = 0;     // what it does to the holder's balance
  std::int64_t previous = 0;  // of an entry: seq of the same holder's entry before it; 0: none

  /// True where it counts among what the holder is shown: not a refusal, a tombstone or a price.
  [[nodiscard]] bool is_entry() const {
    return kind == RowKind::kGrant || state == OperationState::kDone || state == OperationState::kUndone;
  }
};

class Journal {
 public:
  virtual ~Journal() = default;

  /// What is durable, or written in this transaction, of an order.
  [[nodiscard]] virtual Result<std::optional<Operation>> find(const OrderId& order) = 0;
  [[nodiscard]] virtual Result<void> append(const JournalRow& row) = 0;
  /// Comes before the first row that uses the id.
  [[nodiscard]] virtual Result<void> add_name(NameId id, std::string_view name) = 0;

  /// The request that an operator's idempotency key first came with.
  [[nodiscard]] virtual Result<std::optional<std::string>> find_key(std::string_view key) = 0;
  [[nodiscard]] virtual Result<void> add_key(std::string_view key, std::string_view request, std::int64_t seq) = 0;
};

}  // namespace ldt::participant
