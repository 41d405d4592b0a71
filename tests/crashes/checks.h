// What must hold after all: every order that was acknowledged is there, once, in the state that was told and in the end
// that the documents foretell; balances, stock and wallets agree with the orders; the audit is clean.
// Depends on the public API alone. Invariant: a check either holds or adds a sentence to the violations.
#pragma once

#include <string>
#include <vector>

#include "crashes/script.h"
#include "support/client.h"

namespace ldt::crashes {

/// What the client was told about one of the script's orders.
struct Told {
  std::string key;      // of idempotency
  std::string id;       // empty: nothing was acknowledged
  std::string state;    // the last that was told
  std::string outcome;  // of a final state
};

using Violations = std::vector<std::string>;

/// Notes what an answer tells; a final state that changes, or a key with two orders, is a violation.
void hear(Told& told, const testing::Json& order, Violations& violations);

/// `told` has one entry for each order that was placed: the script's first ones.
void check_books(testing::Client& client, const Script& script, const std::vector<Told>& told, Violations& violations);

void check_end(const ScriptedOrder& scripted, const testing::Json& order, Violations& violations);

/// Whether nothing is wrong but that orders ended otherwise than the documents allow.
[[nodiscard]] bool only_other_ends(const Violations& violations);

}  // namespace ldt::crashes
