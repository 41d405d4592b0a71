// What the engine decides for one order, without what it does about it.
#include <benchmark/benchmark.h>

#include <cstdint>

#include "bench/fail.h"
#include "saga/saga.h"

namespace {

using namespace ldt::saga;

/// Answers what the saga asks for until it has ended: everything succeeds but the do that shall be refused.
/// @return how many events it took
std::int64_t play(Saga& saga, Step refused) {
  const Policy policy;
  std::int64_t events = 1;
  Actions actions = step(saga, {.kind = EventKind::kStart}, policy);
  while (!saga.ended()) {
    Event event;
    for (const Action& action : actions) {
      if (action.kind == ActionKind::kWrite) event.kind = EventKind::kWritten;
      if (action.kind != ActionKind::kSend) continue;
      event.kind = EventKind::kAnswer;
      event.step = action.step;
      event.answer = is_undo(action.step) ? Answer::kUndone : action.step == refused ? Answer::kRefused : Answer::kDone;
    }
    actions = step(saga, event, policy);
    ++events;
  }
  return events;
}

void decide(benchmark::State& state, Step refused, OrderState end) {
  std::int64_t events = 0;
  for ([[maybe_unused]] auto _ : state) {
    Saga saga;
    events += play(saga, refused);
    if (saga.row != end) return ldt::testing::fail(state, "the order came to another end");
    benchmark::DoNotOptimize(saga);
  }
  state.SetItemsProcessed(events);  // decisions
}

BENCHMARK_CAPTURE(decide, completed_order, Step::kFinish, OrderState::kCompleted);
BENCHMARK_CAPTURE(decide, order_refused_by_delivery, Step::kDeliver, OrderState::kReverted);

}  // namespace
