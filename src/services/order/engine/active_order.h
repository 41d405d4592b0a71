// An order in flight: its row, its saga and who waits for it. Private to the engine.
// Depends on engine.h. Invariant: `row` holds what is durable, but for attempts and strikes, which run ahead.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/strikes.h"
#include "services/order/engine/engine.h"

namespace ldt::order {

struct Engine::Waiter {
  std::uint32_t token = 0;
  bool replayed = false;
  bool overdue = false;  // its time has passed, but the order is not accepted yet
  SteadyTime until{};
  PlaceCallback done;
};

struct Engine::Active {
  OrderRow row;
  saga::Saga saga;
  std::uint32_t timer = 0;  // token of the timer it waits for; 0: none
  SteadyTime attempt_began{};
  SpanId attempt_span{};
  std::uint64_t span_salt = 0;                   // see order::attempt_span()
  saga::Action delayed_write;                    // for TimerKind::kDelayedWrite
  saga::Outcome refusal = saga::Outcome::kNone;  // what an instruction refused order.accept with
  std::string_view own_strike;  // the kind that strikes the attempt at order.accept or order.finish under way
  bool may_be_stored = false;   // the COMMIT of its acceptance was lost
  std::string last_error;
  std::vector<Waiter> waiters;
  std::vector<std::pair<Steering, SteerCallback>> steers;

  [[nodiscard]] bool accepted() const {
    return saga.phase != saga::Phase::kNew && saga.phase != saga::Phase::kAccepting && !failed_accept();
  }
  /// A failure instruction refused order.accept: the order never was.
  [[nodiscard]] bool refused_accept() const { return refusal != saga::Outcome::kNone; }
  /// order.accept failed: the order never was, or is reverted without anything taken.
  [[nodiscard]] bool failed_accept() const {
    return saga.failed_step == saga::Step::kAccept &&
           (saga.reason == saga::Outcome::kTimeout || saga.reason == saga::Outcome::kUnknown);
  }

  struct Strike {
    StruckInstruction* failure = nullptr;  // nullptr: none strikes
    std::uint32_t count = 0;               // its strikes, this one included
  };

  /// What strikes attempt `number` at `step`; see strike_at().
  Strike strike_of(saga::Step step, std::uint32_t number) {
    std::vector<StruckInstruction*> at_step;
    std::vector<std::uint32_t> limits;
    for (auto& failure : row.failures) {
      if (failure.instruction.step != step) continue;
      at_step.push_back(&failure);
      limits.push_back(failure.instruction.attempts.value_or(0));
    }
    const auto strike = strike_at(limits, number);
    if (!strike) return {};
    return {at_step[strike->instruction], strike->count};
  }

  /// The instruction of the order service's own step that strikes next: the first with strikes left. Its count is in
  /// the row, because a CRASH there takes the attempt's number with it. A refusal can only strike what is not stored
  /// yet.
  StruckInstruction* next_own_strike(saga::Step step) {
    const auto found = std::find_if(row.failures.begin(), row.failures.end(), [&](const StruckInstruction& failure) {
      const auto limit = failure.instruction.attempts.value_or(0);
      const bool can_strike =
          failure.instruction.kind != saga::FailureKind::kRefuse || (row.seq == 0 && !may_be_stored);
      return failure.instruction.step == step && can_strike && (limit == 0 || failure.struck < limit);
    });
    return found == row.failures.end() ? nullptr : &*found;
  }
};

}  // namespace ldt::order
