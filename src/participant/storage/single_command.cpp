// Strikes and decides.
// Depends on job.h.
#include "participant/storage/single_command.h"

namespace ldt::participant {

Result<void> SingleCommand::decide(Decider& decider) {
  const auto before = decider.participant.recall(request_.order);
  if (!before) return tl::unexpected(before.error());
  strike(before->state);
  answer_.strikes = strikes_until(request_.failures, request_.attempt, before->state);
  if (struck_ && !takes_effect(*struck_)) return {};

  const bool refuse = struck_ && struck_->kind == FailureKind::kRefuse;
  const auto decided = decider.participant.execute(command(), decider.now, refuse);
  if (!decided) return tl::unexpected(decided.error());
  answer_.answer = *decided;
  answer_.strikes = strikes_until(request_.failures, request_.attempt, decided->state);
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

void SingleCommand::strike(OperationState state) {
  struck_.reset();
  const auto* chosen = choose_strike(request_.failures, request_.attempt, state == kNone);
  if (chosen != nullptr) struck_ = *chosen;
}

}  // namespace ldt::participant
