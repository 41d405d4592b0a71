// Between the wire's messages and the participant's own types.
// Depends on the generated protobuf code.
#include "participant/server/wire.h"

#include <algorithm>

namespace ldt::participant {

namespace {

constexpr std::uint32_t kMaxDelayMs = 60'000;

std::optional<FailureKind> to_kind(pb::FailureKind kind) {
  switch (kind) {
    case pb::FAILURE_KIND_TIMEOUT:
      return FailureKind::kTimeout;
    case pb::FAILURE_KIND_UNKNOWN:
      return FailureKind::kUnknown;
    case pb::FAILURE_KIND_CRASH:
      return FailureKind::kCrash;
    case pb::FAILURE_KIND_DELAY:
      return FailureKind::kDelay;
    case pb::FAILURE_KIND_REFUSE:
      return FailureKind::kRefuse;
    default:
      return std::nullopt;
  }
}

Result<FailureInstruction> to_failure(const pb::FailureInstruction& message, Verb verb) {
  const auto kind = to_kind(message.kind());
  if (!kind) return failure(ErrorKind::kInvalid, "failures: unknown kind");
  if (*kind == FailureKind::kRefuse && verb == Verb::kUndo) {
    return failure(ErrorKind::kInvalid, "failures: an undo cannot be refused");
  }
  if (message.delay_ms() > kMaxDelayMs) return failure(ErrorKind::kInvalid, "failures: delay_ms is above 60000");
  const bool applied = message.effect() == pb::FAILURE_EFFECT_APPLIED;
  return FailureInstruction{message.index(), *kind, applied ? FailureEffect::kApplied : FailureEffect::kNone,
                            message.attempts(), std::chrono::milliseconds(message.delay_ms())};
}

}  // namespace

TraceContext to_trace_context(const pb::TraceContext& message) {
  TraceContext context;
  if (message.trace_id().size() != context.trace_id.size()) return context;
  if (message.span_id().size() != context.span_id.size()) return context;
  std::copy(message.trace_id().begin(), message.trace_id().end(), context.trace_id.begin());
  std::copy(message.span_id().begin(), message.span_id().end(), context.span_id.begin());
  context.sampled = (message.flags() & 1U) != 0;
  return context;
}

std::optional<Command> to_command(const pb::Command& message) {
  const auto order = OrderId::from_bytes(message.order_id());
  if (!order || (message.verb() != pb::VERB_DO && message.verb() != pb::VERB_UNDO)) return std::nullopt;
  return Command{*order, static_cast<Verb>(message.verb()), message.holder(), message.item(), message.amount()};
}

void fill(pb::Answer& message, const Answer& answer) {
  switch (answer.error) {
    case CommandError::kNone:
      message.set_state(to_wire(answer.state));
      break;
    case CommandError::kConflict:
      message.set_error(pb::COMMAND_ERROR_CONFLICT);
      break;
    case CommandError::kInvalid:
      message.set_error(pb::COMMAND_ERROR_INVALID);
      break;
  }
  message.set_replayed(answer.replayed);
}

void fill(pb::Answer& message, const SingleAnswer& answer, Fate fate) {
  if (fate != Fate::kAnswer) {
    message.set_error(pb::COMMAND_ERROR_UNKNOWN);
    return;
  }
  fill(message, answer.answer);
  for (const Strike& strike : answer.strikes) {
    auto& counted = *message.add_strikes();
    counted.set_index(strike.index);
    counted.set_count(strike.count);
  }
}

Result<OrderId> to_order_id(const std::string& bytes) {
  const auto order = OrderId::from_bytes(bytes);
  if (!order) return failure(ErrorKind::kInvalid, "order_id: not the 16 bytes of a UUIDv7");
  return *order;
}

Result<std::vector<FailureInstruction>> to_failures(
    const google::protobuf::RepeatedPtrField<pb::FailureInstruction>& messages, Verb verb) {
  std::vector<FailureInstruction> failures;
  for (const auto& message : messages) {
    auto instruction = to_failure(message, verb);
    if (!instruction) return tl::unexpected(instruction.error());
    failures.push_back(*instruction);
  }
  return failures;
}

}  // namespace ldt::participant
