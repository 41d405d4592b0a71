// Walks a saga through events and reads what it wants done as short sentences: "write RUNNING>REVERTING
// payment.charge", "send payment.refund #1", "back off #2", "reject", "tell held", "tell ended". For tests that read as
// stories.
#pragma once

#include <string>
#include <vector>

#include "saga/saga.h"

namespace ldt::saga {

inline std::string describe(const Action& action, bool row_exists) {
  const auto number = " #" + std::to_string(action.attempt);
  switch (action.kind) {
    case ActionKind::kWrite: {
      const bool insert = !row_exists && action.step == Step::kAccept && action.to == OrderState::kRunning;
      const std::string from = insert ? "nothing" : std::string(to_string(action.from));
      return "write " + from + ">" + std::string(to_string(action.to)) + " " + std::string(to_string(action.step));
    }
    case ActionKind::kSend:
      return "send " + std::string(to_string(action.step)) + number;
    case ActionKind::kBackoff:
      return "back off" + number;
    case ActionKind::kReject:
      return "reject";
    case ActionKind::kTellHeld:
      return "tell held";
    case ActionKind::kTellEnded:
      return "tell ended";
  }
  return "?";
}

class Walk {
 public:
  explicit Walk(Handling handling = {}, Policy policy = {}) : policy_(policy) { saga.handling = handling; }

  /// What the saga wants done after `event`, joined by "; ".
  std::string after(const Event& event) {
    const Actions actions = step(saga, event, policy_);
    std::string text;
    for (const auto& action : actions) {
      if (!text.empty()) text += "; ";
      text += describe(action, saga.row_exists);
    }
    return text;
  }

  std::string start() { return after({.kind = EventKind::kStart}); }
  std::string written() { return after({.kind = EventKind::kWritten}); }
  std::string cancelled() { return after({.kind = EventKind::kCancel}); }
  std::string retried() { return after({.kind = EventKind::kRetry}); }
  std::string backoff_elapsed() { return after({.kind = EventKind::kBackoffElapsed}); }
  std::string answered(Answer answer) {
    return after({.kind = EventKind::kAnswer, .step = saga.current_step(), .answer = answer});
  }
  std::string attempt_failed(Outcome how) {
    return after(
        {.kind = EventKind::kAttemptFailed, .step = saga.current_step(), .attempt = saga.attempt, .outcome = how});
  }
  std::string conflict(OrderState found, Outcome reason = Outcome::kNone, Step failed = Step::kAccept) {
    return after({.kind = EventKind::kConflict, .outcome = reason, .found = found, .failed_step = failed});
  }
  std::string no_such_row() { return after({.kind = EventKind::kConflict, .absent = true}); }
  std::string recovered(OrderState found, Outcome reason = Outcome::kNone, Step failed = Step::kAccept) {
    return after({.kind = EventKind::kRecover, .outcome = reason, .found = found, .failed_step = failed});
  }

  /// Up to where the do of kPlan[position] has been sent for the first time.
  void go_to_do(std::size_t position) {
    start();
    written();
    for (std::size_t i = 0; i < position; ++i) answered(Answer::kDone);
  }
  /// Lets the step at work fail on every attempt left, and returns what follows the last.
  std::string fail_every_attempt(Outcome how) {
    std::string last = attempt_failed(how);
    while (last.rfind("back off", 0) == 0) {
      backoff_elapsed();
      last = attempt_failed(how);
    }
    return last;
  }

  Saga saga;

 private:
  Policy policy_;
};

}  // namespace ldt::saga
