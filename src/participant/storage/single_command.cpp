// Strikes and decides.
// Depends on group_commit.h.
#include "participant/storage/single_command.h"

#include <algorithm>

namespace ldt::participant {

Result<void> SingleCommand::decide(Decider& decider) {
  auto strikes = decider.journal.strikes(request_.order);
  if (!strikes) return tl::unexpected(strikes.error());
  answer_.strikes = std::move(*strikes);
  if (auto chosen = strike(decider); !chosen) return chosen;
  if (struck_ && !takes_effect(*struck_)) return {};

  const bool refuse = struck_ && struck_->kind == FailureKind::kRefuse;
  const Command command{request_.order, request_.verb, request_.holder, request_.item, request_.amount};
  const auto decided = decider.participant.execute(command, decider.now, refuse);
  if (!decided) return tl::unexpected(decided.error());
  answer_.answer = *decided;
  return {};
}

Fate SingleCommand::fate() const {
  if (!struck_) return Fate::kAnswer;
  switch (struck_->kind) {
    case FailureKind::kTimeout:
      return Fate::kSilence;
    case FailureKind::kUnknown:
      return Fate::kUnknown;
    case FailureKind::kCrash:
      return Fate::kCrash;
    case FailureKind::kDelay:
      return Fate::kAnswerLate;
    case FailureKind::kRefuse:
      break;
  }
  return Fate::kAnswer;
}

Result<void> SingleCommand::strike(Decider& decider) {
  struck_.reset();
  if (request_.failures.empty()) return {};
  const auto operation = decider.participant.recall(request_.order);
  if (!operation) return tl::unexpected(operation.error());
  const auto chosen = choose_strike(request_.failures, request_.attempt, operation->state == OperationState::kNone);
  if (chosen.instruction == nullptr) return {};
  struck_ = *chosen.instruction;
  return record(decider, {chosen.instruction->index, chosen.count});
}

/// An attempt that is repeated, by a connection that broke or an engine that recovered, counts once.
Result<void> SingleCommand::record(Decider& decider, const Strike& strike) {
  auto& strikes = answer_.strikes;
  const auto same =
      std::find_if(strikes.begin(), strikes.end(), [&](const Strike& known) { return known.index == strike.index; });
  if (same != strikes.end() && same->count >= strike.count) return {};
  if (same != strikes.end()) strikes.erase(same);
  strikes.push_back(strike);
  return decider.journal.set_strike(request_.order, strike);
}

}  // namespace ldt::participant
