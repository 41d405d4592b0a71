// All failure instructions that can be written down: each step, kind, effect and number of attempts.
// Pure. Invariant: the order of the list is fixed, so that a number names an instruction in every run.
#pragma once

#include <string>
#include <vector>

#include "support/order_request.h"

namespace ldt::testing {

inline const std::vector<std::string> kSteps{"order.accept",     "payment.charge",  "inventory.reserve",
                                             "delivery.deliver", "delivery.revoke", "inventory.release",
                                             "payment.refund",   "order.finish"};
inline const std::vector<std::string> kKinds{"TIMEOUT", "UNKNOWN", "CRASH", "DELAY", "REFUSE"};
inline const std::vector<std::string> kEffects{"NONE", "APPLIED"};
inline constexpr int kAttemptChoices = 4;  // not said, 1, 2, 3

/// Of every order here: three attempts, so that n = 3 strikes all of them.
inline constexpr int kMaxAttempts = 3;

struct Instruction {
  Failure failure;
  int step = 0, kind = 0, effect = 0, attempts = 0;  // positions in the lists above; attempts 0: not said
  std::string complaint;                             // the field that the documents call wrong; empty: it is valid
  bool own_meaning = false;                          // valid, and not just another spelling of one before it

  [[nodiscard]] bool valid() const { return complaint.empty(); }
};

[[nodiscard]] std::vector<Instruction> all_instructions();

[[nodiscard]] bool is_undo(const std::string& step);
/// "TIMEOUT:applied:n=2"
[[nodiscard]] std::string without_step(const Failure& failure);

}  // namespace ldt::testing
