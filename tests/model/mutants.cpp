// Each mutant in one or two lines around the shipped code.
// Depends on mutants.h, guard.h.
#include "model/mutants.h"

#include <algorithm>

#include "model/guard.h"

namespace ldt::model {
namespace {

constexpr std::array<MutantInfo, 12> kMutants{{
    {Mutant::kW1, "w1", "the first do leaves before the accepted order is durable", "one-revert"},
    {Mutant::kW2, "w2", "a participant answers before its decision is durable", "one-revert"},
    {Mutant::kW3, "w3", "the first undo leaves before REVERTING is durable", "one-revert"},
    {Mutant::kW4Tombstone, "w4-tombstone", "an undo of what was never done leaves no tombstone", "one-revert"},
    {Mutant::kW5, "w5", "the client hears the end before it is durable", "one-revert"},
    {Mutant::kStepInDoubt, "step-in-doubt", "the step that timed out is not undone", "one-revert"},
    {Mutant::kRecovererUndoes, "recoverer-undoes-all", "a recovering engine undoes only what it sent itself",
     "one-revert"},
    {Mutant::kUndoOwn, "undo-what-others-sent",
     "of several engines, the one that reverts undoes only what it sent itself", "two-revert"},
    {Mutant::kCompareAndSet, "compare-and-set", "the order row is overwritten, whatever it was", "two-revert"},
    {Mutant::kForgetRefusals, "remembered-refusals", "a refusal is not remembered", "one-revert"},
    {Mutant::kForgetDone, "remembered-done", "a participant forgets a DONE operation", "one-revert"},
    {Mutant::kForgetUndone, "remembered-undone", "a participant forgets an UNDONE operation", "one-revert"},
}};

constexpr participant::Payload kPayload{.holder = 1, .item = participant::kNoName, .amount = 1};

std::uint8_t bit(std::uint8_t position) { return static_cast<std::uint8_t>(1U << position); }

}  // namespace

const std::array<MutantInfo, 12>& mutants() { return kMutants; }

const MutantInfo* find_mutant(std::string_view name) {
  const auto found =
      std::find_if(kMutants.begin(), kMutants.end(), [&](const auto& info) { return info.name == name; });
  return found == kMutants.end() ? nullptr : found;
}

std::optional<Verdict> decide(Mutant mutant, OperationState remembered, Verb verb, bool accepted) {
  const participant::Operation operation{remembered,
                                         remembered == OperationState::kNone ? participant::Payload{} : kPayload};
  const auto decision = guarded([&] { return participant::decide(operation, verb, kPayload, accepted); });
  if (!decision) return std::nullopt;
  Verdict verdict{decision->state, decision->state, decision->effect};
  const bool forgotten = (mutant == Mutant::kW4Tombstone && verdict.recorded == OperationState::kTombstone) ||
                         (mutant == Mutant::kForgetRefusals && verdict.recorded == OperationState::kRefused);
  if (forgotten) verdict.recorded = remembered;
  return verdict;
}

void bend(Mutant mutant, const saga::Saga& before, const saga::Event& event, saga::Saga& after) {
  using saga::EventKind;
  using saga::Phase;
  if (mutant == Mutant::kStepInDoubt) {
    const bool gave_up = event.kind == EventKind::kAttemptFailed && before.phase == Phase::kDoing;
    if (gave_up && after.phase != Phase::kDoing)
      after.may_have_done &= static_cast<std::uint8_t>(~bit(before.position));
  }
  if (mutant == Mutant::kRecovererUndoes) {
    if (event.kind == EventKind::kRecover)
      after.may_have_done &= after.phase == Phase::kDoing ? bit(after.position) : std::uint8_t{0};
  }
}

bool leaves_early(Mutant mutant, const saga::Action& write) {
  switch (mutant) {
    case Mutant::kW1:
      return write.step == Step::kAccept && write.to == OrderState::kRunning;
    case Mutant::kW3:
      return write.to == OrderState::kReverting;
    case Mutant::kW5:
      return saga::is_final(write.to);
    default:
      return false;
  }
}

bool matches(Mutant mutant, const Row& row, const Write& write) {
  if (write.insert) return !row.exists;
  return row.exists && (row.state == write.from || mutant == Mutant::kCompareAndSet);
}

OperationState forgets(Mutant mutant) {
  switch (mutant) {
    case Mutant::kForgetDone:
      return OperationState::kDone;
    case Mutant::kForgetUndone:
      return OperationState::kUndone;
    default:
      return OperationState::kNone;
  }
}

}  // namespace ldt::model
