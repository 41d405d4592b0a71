// The remembered operation: one row per (order, participant), its state machine as data.
// Pure. Depends on base only.
// Invariant: REFUSED, TOMBSTONE and UNDONE never change, so a repeated or late command cannot take effect twice.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/order_id.h"

namespace ldt::participant {

//            do accepted           undo
//   NONE ----------------> DONE ----------> UNDONE
//    | \   do refused
//    |  `--------------> REFUSED
//    |     undo
//    `-----------------> TOMBSTONE
//
// Every other command leaves the state as it is and is answered with it: a replay.

/// The numbers are stored and travel.
enum class OperationState : std::uint8_t {
  kNone = 0,       // nothing is known of the order
  kDone = 1,       // the effect is in the balance
  kRefused = 2,    // a business refusal: no effect, for ever
  kTombstone = 3,  // undone before it was done: a late do has no effect
  kUndone = 4,     // the effect was in the balance and has been reversed
};
inline constexpr std::size_t kOperationStates = 5;

/// The numbers are stored and travel.
enum class Verb : std::uint8_t { kDo = 1, kUndo = 2 };

/// What happens to an operation. Whether a do is accepted is the service's rule.
enum class Event : std::uint8_t { kDoAccepted, kDoRefused, kUndo };
inline constexpr std::size_t kEvents = 3;

/// What a transition does to the holder's balance.
enum class Effect : std::uint8_t { kNothing, kApply, kReverse };

struct Transition {
  OperationState to;
  Effect effect = Effect::kNothing;
};

using enum OperationState;

/// kTransitions[state][event]
inline constexpr std::array<std::array<Transition, kEvents>, kOperationStates> kTransitions{{
    //                  kDoAccepted                kDoRefused     kUndo
    /* kNone      */ {{{kDone, Effect::kApply}, {kRefused}, {kTombstone}}},
    /* kDone      */ {{{kDone}, {kDone}, {kUndone, Effect::kReverse}}},
    /* kRefused   */ {{{kRefused}, {kRefused}, {kRefused}}},
    /* kTombstone */ {{{kTombstone}, {kTombstone}, {kTombstone}}},
    /* kUndone    */ {{{kUndone}, {kUndone}, {kUndone}}},
}};

/// Names are interned: an id stands for a holder or an item. 0 is no name.
using NameId = std::uint32_t;
inline constexpr NameId kNoName = 0;

/// What a command asks for. It is its own fingerprint: the same order with another payload is a conflict.
struct Payload {
  NameId holder = kNoName;
  NameId item = kNoName;
  std::int64_t amount = 0;
  friend bool operator==(const Payload&, const Payload&) = default;
};

struct Operation {
  OperationState state = kNone;
  Payload payload;
  friend bool operator==(const Operation&, const Operation&) = default;
};

struct Decision {
  OperationState state = kNone;
  Effect effect = Effect::kNothing;
  bool replayed = false;  // nothing changes: the answer was remembered
};

/// True where the answer to `verb` depends on the service's rules.
[[nodiscard]] constexpr bool needs_verdict(OperationState state, Verb verb) {
  return state == kNone && verb == Verb::kDo;
}

/// Decides one command on what is remembered of its order (state kNone: nothing).
/// @param accepted  the rule's verdict; read only if needs_verdict(remembered.state, verb)
/// @return nothing: a CONFLICT, the order is known with another payload
[[nodiscard]] std::optional<Decision> decide(const Operation& remembered, Verb verb, const Payload& payload,
                                             bool accepted);

/// "NONE", "DONE", "REFUSED", "TOMBSTONE", "UNDONE"
[[nodiscard]] std::string_view to_string(OperationState state);

}  // namespace ldt::participant
