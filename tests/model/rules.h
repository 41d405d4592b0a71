// What must hold in every world, and of every change from one world to the next.
// Depends on world.h. Invariant: harm (what users and operators would see) is judged apart from the rules that prevent
// it, so that a mutant counts as found only where breaking its rule hurts somebody.
#pragma once

#include "model/world.h"

namespace ldt::model {

/// Each of these says in words what is wrong; nullptr: nothing is.

/// I2, I3, I4, I6: effects, balances, and what the client was told.
[[nodiscard]] const char* harm_in(const World& world);
/// I6: a final row never changes.
[[nodiscard]] const char* harm_of(const Row& before, const Row& after);
/// Where nobody will act on this order any more.
[[nodiscard]] const char* harm_at_end(const World& world);

/// W1 to W5, and the states that never change.
[[nodiscard]] const char* broken_rule_in(const World& world);
[[nodiscard]] const char* broken_rule_of(const World& before, const World& after);

}  // namespace ldt::model
