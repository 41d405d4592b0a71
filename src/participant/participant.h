// Performs commands and an operator's requests on the book and the journal, inside the transaction that is open.
// Pure: time arrives as an argument, storage behind Journal. One thread.
// Invariant: the effect on the book and the row in the journal are made together; the owner commits or drops both.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "base/order_id.h"
#include "base/result.h"
#include "participant/book.h"
#include "participant/journal.h"
#include "participant/operation.h"
#include "participant/rules.h"

namespace ldt::participant {

/// One do or undo. Idempotent on (order, verb).
struct Command {
  OrderId order;
  Verb verb = Verb::kDo;
  std::string_view holder;
  std::string_view item;
  std::int64_t amount = 0;
};

enum class CommandError : std::uint8_t {
  kNone,
  kConflict,  // the order is known with another payload
  kInvalid,   // malformed
};

struct Answer {
  OperationState state = OperationState::kNone;
  CommandError error = CommandError::kNone;
  bool replayed = false;  // the state was there before this command
};

enum class OperatorError : std::uint8_t {
  kNone,
  kNotFound,  // there is no such holder, and a grant does not open one
  kConflict,  // the idempotency key came with another request before
  kLimit,     // more than a holder can hold
};

struct OperatorAnswer {
  OperatorError error = OperatorError::kNone;
  Holding holding;        // afterwards
  bool replayed = false;  // counted before
  bool created = false;   // the holder was opened by this
};

/// An Error from any of these means that the transaction must be dropped.
class Participant {
 public:
  Participant(const Rules& rules, Book& book, Journal& journal) : rules_(rules), book_(book), journal_(journal) {}

  /// @param refuse  a failure instruction refuses the do, whatever the rules say
  [[nodiscard]] Result<Answer> execute(const Command& command, WallTime now, bool refuse = false);

  /// The state of an order's operation; kNone if there is none.
  [[nodiscard]] Result<Operation> recall(const OrderId& order);

  /// Puts `amount` in from outside. Counts once per `key`, where one is given. `holder` is valid, `amount` positive.
  [[nodiscard]] Result<OperatorAnswer> grant(std::string_view holder, std::int64_t amount, std::string_view key,
                                             WallTime now);
  /// Makes the holder, or sets its price. Repeating it changes nothing. `holder` is valid.
  [[nodiscard]] Result<OperatorAnswer> set_price(std::string_view holder, std::int64_t price, WallTime now);

 private:
  [[nodiscard]] Result<NameId> intern(std::string_view name);
  [[nodiscard]] Result<Payload> intern_payload(const Command& command);
  [[nodiscard]] Result<void> open_if_new(NameId holder, WallTime now);
  [[nodiscard]] Result<void> record(const Command& command, const Payload& payload, const Decision& decision,
                                    WallTime now);
  [[nodiscard]] Result<void> append_grant(NameId holder, std::int64_t amount, WallTime now);

  const Rules& rules_;
  Book& book_;
  Journal& journal_;
};

/// False where a name or an amount is out of bounds: the answer is kInvalid, and nothing is touched.
[[nodiscard]] bool valid(const Rules& rules, const Command& command);

/// What a journal row does to its holder's holding. The one place that says so: live and when replayed.
void apply(const JournalRow& row, Holding& holding);

}  // namespace ldt::participant
