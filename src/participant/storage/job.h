// Something to be decided in a storage's next transaction.
// Depends on participant.h.
// Invariant: no job is answered before the transaction that holds it, and all that it was decided on, is durable (W2).
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/order_id.h"
#include "base/result.h"
#include "participant/book.h"
#include "participant/journal.h"
#include "participant/participant.h"

namespace ldt::participant {

/// Where jobs decide: only inside Job::decide, on the writer's thread.
struct Decider {
  Participant& participant;
  Journal& journal;
  const Book& book;
  WallTime now;
};

/// What a batch is going to read and change, for a storage that must fetch it first. Views point into the jobs.
struct Touched {
  explicit Touched(const Rules& of) : rules(of) {}

  /// What is malformed touches nothing.
  void command(const Command& command);
  /// An operator's change. `key`: its idempotency key; empty: none.
  void change(std::string_view holder, std::string_view key);

  const Rules& rules;
  std::vector<std::string_view> holders;
  std::vector<OrderId> orders;
  std::vector<std::string_view> keys;
};

/// Must live until durable() or failed() has been called; exactly one of them is, on the writer's thread.
class Job {
 public:
  virtual ~Job() = default;
  /// How many commands it holds.
  [[nodiscard]] virtual std::size_t size() const = 0;
  /// Lists all that decide() may touch. Not called by a storage that has everything in memory.
  virtual void list(Touched& touched) const = 0;
  /// May be called again where the transaction could not be committed. An Error drops the whole transaction; what is
  /// wrong with the job alone is kept for durable().
  [[nodiscard]] virtual Result<void> decide(Decider& decider) = 0;
  virtual void durable() = 0;
  /// Nothing was done, or (kUnknown) it may have been.
  virtual void failed(const Error& error) = 0;
};

}  // namespace ldt::participant
