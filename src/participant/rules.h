// What a service plugs in: its own business rules over the holding that a request touches.
// Pure. Implementations decide from their arguments alone, so that a replayed journal comes to the same balances.
// Invariant: a rule never sees whether an order is new; that is decided before it is asked.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace ldt::participant {

/// What a participant keeps for a holder: an account, a SKU's stock, a wallet. A projection of the journal.
struct Holding {
  std::int64_t balance = 0;     // credits, tokens on hand, tokens held
  std::int64_t granted = 0;     // put in from outside: initial credits, grants, restocks
  std::int64_t price = 0;       // of a SKU
  bool open = false;            // exists: it was granted something, priced, or an order took effect on it
  std::int64_t last_entry = 0;  // seq of its newest entry in the journal; 0: none
  friend bool operator==(const Holding&, const Holding&) = default;
};

/// What is granted to one holder over its whole life stays below this, so that no sum overflows.
inline constexpr std::int64_t kMaxGranted = std::numeric_limits<std::int64_t>::max() / 4;

/// The constants of a service.
struct Terms {
  std::string_view do_step;     // "payment.charge"
  std::string_view undo_step;   // "payment.refund"
  std::string_view refusal;     // "INSUFFICIENT_FUND"
  std::int64_t sign = -1;       // of a do's effect on the balance: -1 takes, +1 puts
  bool has_item = false;        // commands name an item beside the holder
  std::int64_t min_amount = 0;  // of a command
  std::int64_t max_amount = 0;
  std::int64_t max_balance = 0;  // that a grant may lead to
};

class Rules {
 public:
  virtual ~Rules() = default;

  [[nodiscard]] virtual const Terms& terms() const = 0;
  [[nodiscard]] virtual bool valid_holder(std::string_view name) const = 0;
  [[nodiscard]] virtual bool valid_item(std::string_view name) const = 0;
  /// What a holding that does not exist opens with when a do or a grant touches it; nothing: those do not open it.
  [[nodiscard]] virtual std::optional<std::int64_t> opening() const = 0;
  /// True: a do of `amount` takes effect; false: it is REFUSED.
  [[nodiscard]] virtual bool accepts(const Holding& holding, std::int64_t amount) const = 0;
};

}  // namespace ldt::participant
