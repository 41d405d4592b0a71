// Decides what one order does next: accept, charge, reserve, deliver, or the undoing of what may have happened.
// Pure: time, randomness, storage and messages are events and actions; the order service's engine performs the actions.
// Invariant: no undo leaves before REVERTING is durable, and no caller hears an end that is not.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "saga/failure.h"
#include "saga/vocabulary.h"

namespace ldt::saga {

/// Where a saga is. "Writing" phases wait for the order row; see kTransitions in saga.cpp for the whole table.
enum class Phase : std::uint8_t {
  kNew,         // nothing has happened
  kAccepting,   // the accepted order is being written: nothing has been sent
  kDoing,       // row RUNNING: a do is under way or waits to be tried again
  kCompleting,  // three DONE: COMPLETED is being written
  kHolding,     // HELD is being written
  kHeld,        // row HELD: waits for retry or cancel; nothing is undone yet
  kResuming,    // RUNNING is being written over HELD
  kFailing,     // REVERTING is being written: no undo has left
  kUndoing,     // row REVERTING: an undo is under way or waits to be tried again
  kReverted,    // every undo is answered: REVERTED is being written
  kEnded,       // row COMPLETED or REVERTED, or no row and never will be
};
inline constexpr std::size_t kPhaseCount = 11;

/// What a participant says of a command.
enum class Answer : std::uint8_t {
  kDone,
  kRefused,    // to a do: a business refusal; to an undo: there was never anything to undo
  kTombstone,  // to a do: it was undone before; to an undo: it never happened and never will
  kUndone,     // to a do: it was undone before; to an undo: it is reversed
};

enum class EventKind : std::uint8_t {
  kStart,           // a new order
  kRecover,         // an order that another engine, or this one before a crash, left behind
  kWritten,         // the row now is what the last kWrite asked for, durably
  kConflict,        // it is not, because the row was something else; `found` says what
  kAnswer,          // a participant answered
  kAttemptFailed,   // no answer (kTimeout) or a broken one (kUnknown)
  kBackoffElapsed,  // time to try again
  kCancel,
  kRetry,
};
inline constexpr std::size_t kEventCount = 9;

struct Event {
  EventKind kind = EventKind::kStart;
  Step step = Step::kAccept;         // kAnswer, kAttemptFailed
  std::uint32_t attempt = 0;         // kAttemptFailed
  Answer answer = Answer::kDone;     // kAnswer
  Outcome outcome = Outcome::kNone;  // kAttemptFailed: kTimeout or kUnknown; kRecover, kConflict: the row's reason, or
                                     // of a RUNNING one why it must fail; a refused accept: with what
  OrderState found = OrderState::kRunning;  // kRecover, kConflict: the row's state
  bool absent = false;                      // kConflict: there is no row
  Step failed_step = Step::kAccept;         // kRecover, kConflict: the row's, where it has a reason
};

enum class ActionKind : std::uint8_t {
  kWrite,  // compare-and-set the order row from `from` to `to` (kAccept: insert it); answer with kWritten or kConflict
  kSend,   // send `step`, attempt `attempt`; answer with kAnswer or kAttemptFailed
  kBackoff,  // answer with kBackoffElapsed after the backoff for `attempt` failed attempts
  kReject,   // the order does not exist and never will: tell whoever asked for it
  kTellHeld,
  kTellEnded,
};

struct Action {
  ActionKind kind = ActionKind::kWrite;
  Step step = Step::kAccept;               // kSend; kWrite: kAccept, kFinish, or the failed step
  std::uint32_t attempt = 0;               // kSend, kWrite, kBackoff
  OrderState from = OrderState::kRunning;  // kWrite
  OrderState to = OrderState::kRunning;    // kWrite
};

/// At most two actions follow one event.
class Actions {
 public:
  void add(Action action);
  [[nodiscard]] const Action* begin() const { return items_.data(); }
  [[nodiscard]] const Action* end() const { return items_.data() + size_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::array<Action, 2> items_{};
  std::size_t size_ = 0;
};

/// Rules of this server for all its orders.
struct Policy {
  std::uint32_t stuck_after = 10;  // failed attempts of one undo
  bool several_engines =
      false;  // others may drive an order at the same time: whoever reverts it undoes all three steps
};

/// The state of one order's saga. A value: copy it, compare it, explore it.
struct Saga {
  Handling handling;

  Phase phase = Phase::kNew;
  OrderState row = OrderState::kRunning;  // the durable row, as far as this engine knows
  bool row_exists = false;
  std::uint8_t position = 0;       // in kPlan: the do or undo at work
  std::uint8_t may_have_done = 0;  // bit i: the do of kPlan[i] may have happened
  std::uint32_t attempt = 1;       // of the step or write at work
  bool backing_off = false;        // between two attempts
  bool every_attempt_timed_out = true;
  bool cancel_wanted = false;       // arrived while the row was being written
  bool stuck = false;               // an undo or the final write keeps failing
  Outcome reason = Outcome::kNone;  // why it is HELD, REVERTING or REVERTED
  Step failed_step = Step::kAccept;

  [[nodiscard]] bool ended() const { return phase == Phase::kEnded; }
  /// SUCCESS, or the reason, once the order has ended.
  [[nodiscard]] Outcome outcome() const;
  /// The step at work: accept, a do, an undo or finish.
  [[nodiscard]] Step current_step() const;

  friend bool operator==(const Saga&, const Saga&) = default;
};

/// Decides. Every event is allowed in every phase: one that comes too late changes nothing.
[[nodiscard]] Actions step(Saga& saga, const Event& event, const Policy& policy);

struct Transition {
  Phase from;
  EventKind event;
  Phase to;
};

/// The whole table: every change of phase that `step` can make. `step` CHECKs itself against it.
[[nodiscard]] const Transition* transitions_begin();
[[nodiscard]] const Transition* transitions_end();
/// The table as a Mermaid state diagram, for docs/.
[[nodiscard]] std::string transition_diagram();

[[nodiscard]] std::string_view to_string(Phase phase);
[[nodiscard]] std::string_view to_string(EventKind event);

}  // namespace ldt::saga
