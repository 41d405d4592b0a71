// One line for each invariant.
// Depends on rules.h.
#include "model/rules.h"

#include <algorithm>
#include <array>

namespace ldt::model {
namespace {

constexpr std::uint8_t kDos = command_bit(0, Verb::kDo) | command_bit(1, Verb::kDo) | command_bit(2, Verb::kDo);

template <class Predicate>
bool any(const World& world, Predicate predicate) {
  return std::any_of(world.participants.begin(), world.participants.end(), predicate);
}

bool is_row(const World& world, OrderState state) { return world.row.exists && world.row.state == state; }

bool is_final(OperationState state) {
  return state == OperationState::kRefused || state == OperationState::kTombstone || state == OperationState::kUndone;
}

/// The table of design and vocabulary.h.
bool may_follow(OrderState before, OrderState after) {
  using enum OrderState;
  switch (before) {
    case kRunning:
      return after == kCompleted || after == kReverting || after == kHeld;
    case kHeld:
      return after == kRunning || after == kReverting;
    case kReverting:
      return after == kReverted;
    case kCompleted:
    case kReverted:
      return false;
  }
  return false;
}

constexpr std::uint8_t to_both(saga::Answer answer) {
  return answer_bit(Verb::kDo, answer) | answer_bit(Verb::kUndo, answer);
}

/// W2, W4: the answers that may have left where this is durable, by OperationState.
constexpr std::array<std::uint8_t, participant::kOperationStates> kBacked{
    0, to_both(saga::Answer::kDone), to_both(saga::Answer::kRefused), to_both(saga::Answer::kTombstone),
    to_both(saga::Answer::kDone) | to_both(saga::Answer::kUndone)};

bool all_answers_backed(const World& world) {
  for (const auto& engine : world.engines) {
    for (std::size_t p = 0; p < kParticipants; ++p) {
      const auto durable = static_cast<std::size_t>(world.participants[p].durable);
      if ((engine.answers[p] & ~kBacked[durable]) != 0) return false;
    }
  }
  return true;
}

}  // namespace

const char* harm_in(const World& world) {
  if (any(world, [](const auto& p) { return p.applied > 1; })) return "I4: an effect happened twice";
  if (any(world, [](const auto& p) { return p.reversed > p.applied; }))
    return "I4: an effect was reversed twice, or one that never was";
  if (any(world, [](const auto& p) { return p.net() < 0 || p.net() > kPutIn; })) return "I2: a balance is negative";
  const bool some_in_effect = any(world, [](const auto& p) { return p.net() != 0; });
  const bool all_in_effect = !any(world, [](const auto& p) { return p.net() != 1; });
  if (is_row(world, OrderState::kCompleted) && !all_in_effect)
    return "I3: COMPLETED, but not all three steps are in effect";
  if (is_row(world, OrderState::kReverted) && some_in_effect) return "I3: REVERTED, but a step is in effect";
  const bool reverting = is_row(world, OrderState::kReverting) || is_row(world, OrderState::kReverted);
  if (world.told.completed && reverting) return "I6: the client was told COMPLETED, and the order is reverted";
  if (world.told.reverted && is_row(world, OrderState::kCompleted))
    return "I6: the client was told REVERTED, and it completed";
  if (world.told.never_existed && (world.row.exists || some_in_effect))
    return "I6: the client was told that the order never existed";
  return nullptr;
}

const char* harm_of(const Row& before, const Row& after) {
  const bool was_final = before.exists && saga::is_final(before.state);
  return was_final && before != after ? "I6: a final row changed" : nullptr;
}

const char* harm_at_end(const World& world) {
  if (const char* harm = harm_in(world)) return harm;
  const bool some_in_effect = any(world, [](const auto& p) { return p.net() != 0; });
  if (world.told.completed && !is_row(world, OrderState::kCompleted)) return "I6: the client was told COMPLETED";
  if (world.told.reverted && !is_row(world, OrderState::kReverted)) return "I6: the client was told REVERTED";
  if (!world.row.exists && some_in_effect) return "I3: the order never existed, but a step is in effect for ever";
  if (world.row.exists && !saga::is_final(world.row.state)) return "I5: the order does not end";
  return nullptr;
}

const char* broken_rule_in(const World& world) {
  const bool reverting = is_row(world, OrderState::kReverting) || is_row(world, OrderState::kReverted);
  if ((world.sent & kDos) != 0 && !world.row.exists) return "W1: a do was sent before the order was durable";
  if (any(world, [](const auto& p) { return p.applied != 0; }) && !world.row.exists)
    return "W1: an effect of an order that is not durable";
  if (!all_answers_backed(world)) return "W2, W4: an answer left that no durable operation backs";
  if ((world.sent & ~kDos) != 0 && !reverting) return "W3: an undo was sent before REVERTING was durable";
  if ((world.told.completed && !is_row(world, OrderState::kCompleted)) ||
      (world.told.reverted && !is_row(world, OrderState::kReverted)))
    return "W5: the client was told an end that is not durable";
  const auto is_done = [](const auto& p) { return p.durable == OperationState::kDone; };
  if (is_row(world, OrderState::kCompleted) && any(world, [&](const auto& p) { return !is_done(p); }))
    return "W5: COMPLETED without three DONE";
  if (is_row(world, OrderState::kReverted) && any(world, is_done)) return "W5: REVERTED, but an operation is DONE";
  return nullptr;
}

const char* broken_rule_of(const World& before, const World& after) {
  const bool row_changed = before.row.exists && before.row != after.row;
  if (row_changed && (!after.row.exists || !may_follow(before.row.state, after.row.state)))
    return "the row changed in a way that it must not";
  const bool told_why = before.row.exists && before.row.state == OrderState::kReverting;
  if (told_why && before.row.reason != after.row.reason) return "W3: the reason of a REVERTING row changed";
  for (std::size_t p = 0; p < kParticipants; ++p) {
    const auto was = before.participants[p].durable;
    if (is_final(was) && after.participants[p].durable != was) return "W4: REFUSED, TOMBSTONE or UNDONE changed";
  }
  return nullptr;
}

}  // namespace ldt::model
