// The protocol with one rule taken out: what the driver around the shipped code then does differently.
// Depends on world.h. Invariant: kNone changes nothing; every other one breaks exactly the rule that it is named after.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "model/world.h"

namespace ldt::model {

enum class Mutant : std::uint8_t {
  kNone,
  kW1,               // the first do leaves together with the write of the accepted order, not after it
  kW2,               // a participant answers what it has decided, and commits later
  kW3,               // the first undo leaves together with the write of REVERTING, not after it
  kW4Tombstone,      // an undo of what was never done is answered, but not remembered
  kW5,               // the client hears the end together with its write, not after it
  kStepInDoubt,      // the step that timed out is taken not to have happened: it is not undone
  kRecovererUndoes,  // an engine that takes an order over undoes only what it sent itself
  kUndoOwn,          // of several engines, the one that reverts the order undoes only what it sent itself
  kCompareAndSet,    // the row is overwritten, whatever it was
  kForgetRefusals,   // a refusal is answered, but not remembered
  kForgetDone,       // a participant may forget that an operation was DONE (its effect stays)
  kForgetUndone,     // a participant may forget that an operation was UNDONE
};

struct MutantInfo {
  Mutant mutant;
  std::string_view name;
  std::string_view what;    // is done wrong
  std::string_view config;  // the smallest one that shows the harm
};

/// Every mutant that must be found, kNone excluded.
[[nodiscard]] const std::array<MutantInfo, 12>& mutants();
[[nodiscard]] const MutantInfo* find_mutant(std::string_view name);

/// What a participant makes of one command.
struct Verdict {
  OperationState recorded = OperationState::kNone;
  OperationState answered = OperationState::kNone;
  participant::Effect effect = participant::Effect::kNothing;
};

/// The shipped decide(), bent by the mutant. Nothing: a conflict of payloads.
[[nodiscard]] std::optional<Verdict> decide(Mutant mutant, OperationState remembered, Verb verb, bool accepted);

/// What a mutant does to the saga after the shipped step().
void bend(Mutant mutant, const saga::Saga& before, const saga::Event& event, saga::Saga& after);

/// True where what should follow this write leaves together with it.
[[nodiscard]] bool leaves_early(Mutant mutant, const saga::Action& write);

/// True where the row is what the write expects.
[[nodiscard]] bool matches(Mutant mutant, const Row& row, const Write& write);

/// The state that a participant forgets; kNone: it forgets nothing.
[[nodiscard]] OperationState forgets(Mutant mutant);

}  // namespace ldt::model
