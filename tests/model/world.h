// The whole world of one order as the model sees it: its row, three participants, up to three engines, the network.
// Depends on the shipped saga and participant for their states.
// Invariant: a plain value. Two equal worlds have the same future, so exploring one is exploring both.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "participant/operation.h"
#include "saga/saga.h"

namespace ldt::model {

using participant::OperationState;
using participant::Verb;
using saga::OrderState;
using saga::Outcome;
using saga::Step;

inline constexpr std::size_t kMaxEngines = 3;
inline constexpr std::size_t kParticipants = saga::kPlan.size();

/// The durable order row.
struct Row {
  bool exists = false;
  OrderState state = OrderState::kRunning;
  Outcome reason = Outcome::kNone;
  Step failed_step = Step::kAccept;
  friend bool operator==(const Row&, const Row&) = default;
};

/// What a participant has decided in memory and not committed yet. A crash drops it.
enum class Desk : std::uint8_t { kEmpty, kDoAccepted, kDoRefused, kUndo };
inline constexpr std::size_t kDesks = 4;

/// The balance is put_in - applied + reversed: enough for the order twice, so that the rules would accept a second
/// effect if the protocol let it through.
inline constexpr int kPutIn = 2;
inline constexpr std::uint8_t kMostEffects = 3;  // counted no further: two are already wrong

struct ParticipantState {
  OperationState durable = OperationState::kNone;  // the operation's row
  Desk desk = Desk::kEmpty;
  std::uint8_t applied = 0;   // effects in the balance
  std::uint8_t reversed = 0;  // reversals in the balance
  [[nodiscard]] int net() const { return applied - reversed; }
  friend bool operator==(const ParticipantState&, const ParticipantState&) = default;
};

/// The compare-and-set of the row that an engine has asked for.
struct Write {
  bool under_way = false;
  bool landed = false;  // durable, but the engine has not been told
  bool insert = false;  // order.accept
  OrderState from = OrderState::kRunning;
  OrderState to = OrderState::kRunning;
  friend bool operator==(const Write&, const Write&) = default;
};

/// Commands and answers as bits.
inline constexpr std::size_t kVerbs = 2;
[[nodiscard]] constexpr std::uint8_t command_bit(std::size_t participant, Verb verb) {
  return static_cast<std::uint8_t>(1U << (participant * kVerbs + (verb == Verb::kUndo ? 1 : 0)));
}

struct AnswerTo {
  Verb verb;
  saga::Answer answer;
};
/// All that a participant may say. To an undo it never says DONE.
inline constexpr std::array kAnswers{
    AnswerTo{Verb::kDo, saga::Answer::kDone},      AnswerTo{Verb::kDo, saga::Answer::kRefused},
    AnswerTo{Verb::kDo, saga::Answer::kTombstone}, AnswerTo{Verb::kDo, saga::Answer::kUndone},
    AnswerTo{Verb::kUndo, saga::Answer::kRefused}, AnswerTo{Verb::kUndo, saga::Answer::kTombstone},
    AnswerTo{Verb::kUndo, saga::Answer::kUndone},
};
[[nodiscard]] constexpr std::uint8_t answer_bit(Verb verb, saga::Answer answer) {
  for (std::size_t i = 0; i < kAnswers.size(); ++i) {
    if (kAnswers[i].verb == verb && kAnswers[i].answer == answer) return static_cast<std::uint8_t>(1U << i);
  }
  return 0;
}

/// An engine: the volatile saga that it drives, and what may reach it. Phase kNew: it does not know the order.
struct Engine {
  saga::Saga saga;
  Write write;
  std::uint8_t asked = 0;                             // commands that it sent and may be answered
  std::array<std::uint8_t, kParticipants> answers{};  // answers on their way to it, by answer_bit
  [[nodiscard]] bool idle() const { return saga.phase == saga::Phase::kNew; }
  friend bool operator==(const Engine&, const Engine&) = default;
};

/// What the client has been told.
struct Told {
  bool never_existed = false;
  bool completed = false;
  bool reverted = false;
  friend bool operator==(const Told&, const Told&) = default;
};

/// Messages are never taken out of the network: a command or answer that was sent once may arrive now, later, again,
/// in any order, or never. That is loss, delay, repetition and reordering without any bound.
struct World {
  Row row;
  std::array<ParticipantState, kParticipants> participants{};
  std::array<Engine, kMaxEngines> engines{};
  std::uint8_t sent = 0;  // commands of which a copy may be on its way, whoever sent it and whether that lives or not
  bool placed = false;    // a client has placed the order; it does so once
  Told told;
  friend bool operator==(const World&, const World&) = default;
};

}  // namespace ldt::model
