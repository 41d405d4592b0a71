// Decides and reports a batch.
// Depends on the generated protobuf code.
#include "participant/server/batch_work.h"

namespace ldt::participant {

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
  for (const auto& message : batch_.commands()) {
    auto& answer = *reply_.add_answers();
    const auto command = to_command(message);
    if (!command) {
      answer.set_error(pb::COMMAND_ERROR_INVALID);
      continue;
    }
    const auto decided = decider.participant.execute(*command, decider.now);
    if (!decided) return tl::unexpected(decided.error());
    fill(answer, *decided);
  }
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
    const CommandError error = answer.error() == pb::COMMAND_ERROR_CONFLICT  ? CommandError::kConflict
                               : answer.error() == pb::COMMAND_ERROR_INVALID ? CommandError::kInvalid
                                                                             : CommandError::kNone;
    host_.reporter.report({.order = *order,
                           .verb = message.verb() == pb::VERB_UNDO ? Verb::kUndo : Verb::kDo,
                           .attempt = message.attempt(),
                           .sender = to_trace_context(message.trace()),
                           .answer = {static_cast<OperationState>(answer.state()), error, answer.replayed()}},
                          arrival_);
  }
}

}  // namespace ldt::participant
