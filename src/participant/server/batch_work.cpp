// Decides and reports a batch.
// Depends on the generated protobuf code.
#include "participant/server/batch_work.h"

#include <utility>

namespace ldt::participant {

namespace {

/// A command that it strikes cannot be answered together with others: late, never, or the process ends.
bool holds_up(FailureKind kind) {
  return kind == FailureKind::kTimeout || kind == FailureKind::kCrash || kind == FailureKind::kDelay;
}

}  // namespace

void BatchWork::begin() {
  arrival_ = host_.reporter.arrived();
  start_reply();
}

void BatchWork::start_reply() {
  reply_.Clear();
  reply_.set_number(batch_.number());
}

void BatchWork::list(Touched& touched) const {
  for (const auto& message : batch_.commands()) {
    if (const auto command = to_command(message)) touched.command(*command);
  }
}

Result<void> BatchWork::decide(Decider& decider) {
  start_reply();
  struck_.assign(size(), {});
  for (const auto& message : batch_.commands()) {
    if (auto done = decide_one(message, *reply_.add_answers(), decider); !done) return done;
  }
  return {};
}

Result<void> BatchWork::decide_one(const pb::Command& message, pb::Answer& answer, Decider& decider) {
  const auto command = to_command(message);
  if (!command) {
    answer.set_error(pb::COMMAND_ERROR_INVALID);
    return {};
  }
  if (!message.failures().empty()) return decide_struck(message, command->verb, answer, decider);
  const auto decided = decider.participant.execute(*command, decider.now);
  if (!decided) return tl::unexpected(decided.error());
  fill(answer, *decided);
  return {};
}

Result<void> BatchWork::decide_struck(const pb::Command& message, Verb verb, pb::Answer& answer, Decider& decider) {
  if (!host_.allow_failures) {
    answer.set_error(pb::COMMAND_ERROR_FORBIDDEN);
    return {};
  }
  auto request = to_single_request(message, verb, message.holder(), message.item(), message.amount());
  if (!request) {
    answer.set_error(pb::COMMAND_ERROR_INVALID);
    return {};
  }
  const auto* strike = choose_strike(request->failures, request->attempt, true);
  if (strike != nullptr && holds_up(strike->kind)) {
    answer.set_error(pb::COMMAND_ERROR_INVALID);
    return {};
  }
  SingleCommand command(std::move(*request));
  if (auto decided = command.decide(decider); !decided) return decided;
  fill(answer, command.answer(), command.fate());
  struck_[static_cast<std::size_t>(reply_.answers_size()) - 1] = command.struck();
  return {};
}

void BatchWork::refuse(pb::CommandError error) {
  start_reply();
  for (int i = 0; i < batch_.commands_size(); ++i) reply_.add_answers()->set_error(error);
}

void BatchWork::report() {
  for (int i = 0; i < batch_.commands_size(); ++i) {
    const auto& message = batch_.commands(i);
    const auto& answer = reply_.answers(i);
    const auto order = OrderId::from_bytes(message.order_id());
    if (!order) continue;
    const bool invalid = answer.error() == pb::COMMAND_ERROR_INVALID || answer.error() == pb::COMMAND_ERROR_FORBIDDEN;
    const CommandError error = answer.error() == pb::COMMAND_ERROR_CONFLICT ? CommandError::kConflict
                               : invalid                                    ? CommandError::kInvalid
                                                                            : CommandError::kNone;
    host_.reporter.report({.order = *order,
                           .verb = message.verb() == pb::VERB_UNDO ? Verb::kUndo : Verb::kDo,
                           .attempt = message.attempt(),
                           .sender = to_trace_context(message.trace()),
                           .answer = {static_cast<OperationState>(answer.state()), error, answer.replayed()},
                           .struck = struck_[static_cast<std::size_t>(i)]},
                          arrival_, durable_);
  }
}

}  // namespace ldt::participant
