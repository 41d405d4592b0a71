// Decides commands by the transition table.
// Pure.
#include "participant/operation.h"

namespace ldt::participant {

std::optional<Decision> decide(const Operation& remembered, Verb verb, const Payload& payload, bool accepted) {
  if (remembered.state != kNone && remembered.payload != payload) return std::nullopt;
  const Event event = verb == Verb::kUndo ? Event::kUndo : accepted ? Event::kDoAccepted : Event::kDoRefused;
  const auto& transition = kTransitions[static_cast<std::size_t>(remembered.state)][static_cast<std::size_t>(event)];
  return Decision{transition.to, transition.effect, transition.to == remembered.state};
}

std::string_view to_string(OperationState state) {
  constexpr std::array<std::string_view, kOperationStates> kNames{"NONE", "DONE", "REFUSED", "TOMBSTONE", "UNDONE"};
  return kNames[static_cast<std::size_t>(state)];
}

}  // namespace ldt::participant
