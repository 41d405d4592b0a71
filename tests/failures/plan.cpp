#include "failures/plan.h"

#include <algorithm>
#include <random>

namespace ldt::testing {
namespace {

/// Leaves a delivery in doubt that was made, so that all three steps are to be undone.
const Failure kHelp{.step = "delivery.deliver", .kind = "UNKNOWN", .effect = "APPLIED"};

int strikes_of_undos(const Trial& trial) {
  int sum = 0;
  for (std::size_t i = 0; i < trial.request.failures.size(); ++i) {
    if (is_undo(trial.request.failures[i].step)) sum += trial.foretold.struck[i];
  }
  return sum;
}

void foretell_end(Trial& trial) { trial.foretold = foretell(trial.request, kSituation, trial.steering); }

/// An instruction for an undo says nothing where nothing is undone: then something has to fail as well.
void help_undos(Trial& trial) {
  const auto& failures = trial.request.failures;
  if (std::none_of(failures.begin(), failures.end(), [](const Failure& f) { return is_undo(f.step); })) return;
  const int alone = strikes_of_undos(trial);
  trial.request.failures.push_back(kHelp);
  foretell_end(trial);
  trial.helped = strikes_of_undos(trial) > alone;
  if (!trial.helped) {
    trial.request.failures.pop_back();
    foretell_end(trial);
  }
  for (std::size_t i = 0; i < failures.size(); ++i)
    trial.disarmed |= is_undo(failures[i].step) && trial.foretold.struck[i] == 0;
}

void classify(Trial& trial) {
  static const std::vector<std::string> kOwners{"payment", "inventory", "delivery"};
  bool waits = false;
  for (std::size_t i = 0; i < trial.request.failures.size(); ++i) {
    const auto& failure = trial.request.failures[i];
    const auto owner = std::find(kOwners.begin(), kOwners.end(), failure.step.substr(0, failure.step.find('.')));
    if (owner == kOwners.end() || trial.foretold.struck[i] == 0) continue;
    if (failure.kind == "CRASH")
      trial.crashes[static_cast<std::size_t>(owner - kOwners.begin())] += trial.foretold.struck[i];
    waits |= failure.kind == "TIMEOUT";
  }
  const bool crashes = trial.crashes != std::array<int, 3>{};
  if (trial.foretold.order_dies) {
    trial.company = Company::kOrder;
  } else if (crashes) {
    trial.company = waits ? Company::kWaiting : Company::kCrashing;
  }
}

Trial make_trial(const Plan& plan, int first, int second, Mode mode, int step_timeout_ms) {
  Trial trial{.first = first, .second = second, .mode = mode};
  trial.request.quantity = kQuantity;
  trial.request.handling = {.max_attempts = kMaxAttempts, .step_timeout_ms = step_timeout_ms};
  trial.request.failures.push_back(plan.instructions[static_cast<std::size_t>(first)].failure);
  if (second >= 0) trial.request.failures.push_back(plan.instructions[static_cast<std::size_t>(second)].failure);
  if (mode == Mode::kInvalid) return trial;
  if (mode == Mode::kHoldThenRetry) trial.steering = {Steer::kRetry, Steer::kCancel};
  if (mode == Mode::kHoldThenCancel) trial.steering = {Steer::kCancel};
  if (!trial.steering.empty()) trial.request.handling.on_failure = "HOLD";
  foretell_end(trial);
  help_undos(trial);
  classify(trial);
  return trial;
}

bool is_held(const Trial& trial) { return foretell(trial.request, kSituation).end.state == "HELD"; }

void add_singles(Plan& plan, int step_timeout_ms) {
  for (int i = 0; i < static_cast<int>(plan.instructions.size()); ++i) {
    const auto add = [&](Mode mode) { plan.trials.push_back(make_trial(plan, i, -1, mode, step_timeout_ms)); };
    if (!plan.instructions[static_cast<std::size_t>(i)].valid()) {
      add(Mode::kInvalid);
      continue;
    }
    add(Mode::kRevert);
    add(Mode::kHoldThenRetry);
    if (is_held(plan.trials.back())) add(Mode::kHoldThenCancel);
  }
  plan.singles = static_cast<int>(plan.trials.size());
}

bool crashes_again(const Instruction& instruction) {
  return instruction.failure.kind == "CRASH" && instruction.attempts > 1;
}

/// In the order of their strikes where both are of one step: then the order matters, and twice the same is a pair, too.
void add_pairs(Plan& plan, const PlanOptions& options, int step_timeout_ms) {
  std::vector<int> meanings;
  for (int i = 0; i < static_cast<int>(plan.instructions.size()); ++i) {
    if (plan.instructions[static_cast<std::size_t>(i)].own_meaning) meanings.push_back(i);
  }
  std::vector<Trial> rare;
  for (const int first : meanings) {
    for (const int second : meanings) {
      const auto& one = plan.instructions[static_cast<std::size_t>(first)];
      const auto& other = plan.instructions[static_cast<std::size_t>(second)];
      if (one.step != other.step && first > second) continue;
      auto& into = crashes_again(one) || crashes_again(other) ? rare : plan.trials;
      into.push_back(make_trial(plan, first, second, Mode::kPair, step_timeout_ms));
      ++plan.pairs;
    }
  }
  plan.rare_pairs = static_cast<int>(rare.size());
  if (!options.every_pair) {
    std::shuffle(rare.begin(), rare.end(), std::mt19937_64(options.seed));
    rare.resize(std::min(rare.size(), static_cast<std::size_t>(options.sample)));
  }
  plan.rare_planned = static_cast<int>(rare.size());
  plan.trials.insert(plan.trials.end(), rare.begin(), rare.end());
}

const char* word_for(Mode mode) {
  switch (mode) {
    case Mode::kRevert:
      return "alone, REVERT";
    case Mode::kHoldThenRetry:
      return "alone, HOLD, then retried";
    case Mode::kHoldThenCancel:
      return "alone, HOLD, then cancelled";
    case Mode::kPair:
      return "pair";
    case Mode::kInvalid:
      return "invalid";
  }
  return "";
}

}  // namespace

Plan make_plan(const PlanOptions& options, int step_timeout_ms) {
  Plan plan;
  plan.instructions = all_instructions();
  add_singles(plan, step_timeout_ms);
  add_pairs(plan, options, step_timeout_ms);
  if (!options.filter.empty()) {
    std::erase_if(plan.trials,
                  [&](const Trial& trial) { return name_of(plan, trial).find(options.filter) == std::string::npos; });
  }
  return plan;
}

std::string name_of(const Plan& plan, const Trial& trial) {
  const auto name = [&](int i) { return to_string(plan.instructions[static_cast<std::size_t>(i)].failure); };
  std::string text = name(trial.first);
  if (trial.second >= 0) text += ", " + name(trial.second);
  return text + " (" + word_for(trial.mode) + ")";
}

}  // namespace ldt::testing
