#include "failures/instructions.h"

#include <algorithm>
#include <set>

namespace ldt::testing {
namespace {

const std::set<std::string> kRefusable{"order.accept", "payment.charge", "inventory.reserve", "delivery.deliver"};
constexpr int kDelayMs = 20;

std::string complaint_about(const Failure& failure) {
  if (failure.kind != "REFUSE") return "";
  if (!kRefusable.contains(failure.step)) return "kind";
  return failure.effect == "APPLIED" ? "effect" : "";
}

/// Another number of attempts does not always make another meaning:
/// - not saying it means 1, but "all" for TIMEOUT and UNKNOWN on a step that does something, which is 3 here;
/// - a DELAY and a REFUSE are answers, so no further attempt follows;
/// - a process that dies while an order is accepted leaves either none or one that goes on, and one that dies after the
///   end was written leaves nothing to finish.
bool has_own_meaning(const Failure& failure) {
  const bool silent = failure.kind == "TIMEOUT" || failure.kind == "UNKNOWN";
  const bool strikes_always = silent && kRefusable.contains(failure.step);
  if (strikes_always) return failure.attempts != kMaxAttempts;
  const bool answers = failure.kind == "DELAY" || failure.kind == "REFUSE";
  const bool once = failure.kind == "CRASH" &&
                    (failure.step == "order.accept" || (failure.step == "order.finish" && failure.effect == "APPLIED"));
  return !failure.attempts || (*failure.attempts > 1 && !answers && !once);
}

Instruction make(int step, int kind, int effect, int attempts) {
  Instruction made{.step = step, .kind = kind, .effect = effect, .attempts = attempts};
  auto& failure = made.failure;
  failure = {.step = kSteps[static_cast<std::size_t>(step)],
             .kind = kKinds[static_cast<std::size_t>(kind)],
             .effect = kEffects[static_cast<std::size_t>(effect)]};
  if (attempts > 0) failure.attempts = attempts;
  if (failure.kind == "DELAY") failure.delay_ms = kDelayMs;
  made.complaint = complaint_about(failure);
  made.own_meaning = made.valid() && has_own_meaning(failure);
  return made;
}

}  // namespace

std::vector<Instruction> all_instructions() {
  std::vector<Instruction> all;
  for (int step = 0; step < static_cast<int>(kSteps.size()); ++step) {
    for (int kind = 0; kind < static_cast<int>(kKinds.size()); ++kind) {
      for (int effect = 0; effect < static_cast<int>(kEffects.size()); ++effect) {
        for (int attempts = 0; attempts < kAttemptChoices; ++attempts)
          all.push_back(make(step, kind, effect, attempts));
      }
    }
  }
  return all;
}

bool is_undo(const std::string& step) {
  return step == "delivery.revoke" || step == "inventory.release" || step == "payment.refund";
}

std::string without_step(const Failure& failure) {
  Failure shown = failure;
  shown.delay_ms.reset();
  return to_string(shown).substr(failure.step.size() + 1);
}

}  // namespace ldt::testing
