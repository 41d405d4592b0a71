#include "support/oracle.h"

#include <array>
#include <ostream>
#include <set>

namespace ldt::testing {
namespace {

struct Planned {
  const char* step;
  const char* undo;
  const char* refusal;
};
constexpr std::array<Planned, 3> kPlan{{{"payment.charge", "payment.refund", "INSUFFICIENT_FUND"},
                                        {"inventory.reserve", "inventory.release", "INSUFFICIENT_INVENTORY"},
                                        {"delivery.deliver", "delivery.revoke", "UNDELIVERABLE"}}};
constexpr const char* kAccept = "order.accept";
constexpr const char* kFinish = "order.finish";

enum class Decision { kNone, kDone, kRefused };

int strikes_of(const Failure& failure) {
  if (failure.attempts) return *failure.attempts;
  const bool silent = failure.kind == "TIMEOUT" || failure.kind == "UNKNOWN";
  const bool limited = failure.step == kFinish || failure.step == kPlan[0].undo || failure.step == kPlan[1].undo ||
                       failure.step == kPlan[2].undo;
  return silent && !limited ? 1'000'000 : 1;
}

/// True where the attempt is answered, in the end: nothing strikes it, or a mere delay.
bool answered(const Failure* failure) { return failure == nullptr || failure->kind == "DELAY"; }

/// Plays the order through, step by step: each attempt is struck by the first of its step's instructions that has
/// strikes left; a refusal can only strike what is undecided.
class Foretelling {
 public:
  Foretelling(const OrderRequest& request, const Situation& situation, std::vector<Steer> steering)
      : request_(request), situation_(situation), steering_(std::move(steering)) {
    told_.struck.assign(request.failures.size(), 0);
  }

  Foretold tell() {
    if (request_.max_unit_price && *request_.max_unit_price < situation_.price) {
      stay_without_order(409);
    } else if (accept()) {
      go_on();
    }
    return told_;
  }

 private:
  const Failure* strike(const std::string& step, bool undecided) {
    for (std::size_t i = 0; i < request_.failures.size(); ++i) {
      const auto& failure = request_.failures[i];
      if (failure.step != step || told_.struck[i] >= strikes_of(failure)) continue;
      if (failure.kind == "REFUSE" && !undecided) continue;
      ++told_.struck[i];
      return &failure;
    }
    return nullptr;
  }

  // --- order.accept ---

  /// True where the order goes on from there.
  bool accept() {
    bool durable = false;
    bool every_attempt_timed_out = true;
    for (int attempt = 1; attempt <= request_.handling.max_attempts; ++attempt) {
      const auto* failure = strike(kAccept, !durable);
      if (answered(failure)) return true;
      if (failure->kind == "REFUSE") return stay_without_order(409);
      durable |= failure->effect == "APPLIED";
      if (failure->kind == "CRASH") {
        die();
        return durable || stay_without_order(0);
      }
      every_attempt_timed_out &= failure->kind == "TIMEOUT";
    }
    const int status = every_attempt_timed_out ? 504 : 500;
    if (!durable) return stay_without_order(status);
    revert(every_attempt_timed_out ? "TIMEOUT" : "UNKNOWN", kAccept, status);
    return false;
  }

  bool stay_without_order(int status) {
    told_.end = {.status = status, .exists = false, .state = "", .outcome = ""};
    return false;
  }

  /// Whoever recovers the order cannot know what had been sent.
  void die() {
    told_.order_dies = true;
    may_have_done_ = {true, true, true};
  }

  // --- the plan ---

  void go_on() {
    for (std::size_t position = 0; position < kPlan.size(); ++position) {
      const auto& planned = kPlan[position];
      std::string outcome = perform(position);
      while ((outcome == "TIMEOUT" || outcome == "UNKNOWN") && request_.handling.on_failure == "HOLD") {
        answer(202);
        if (steering_.empty()) return rest("HELD", "", planned.step);
        const Steer next = steering_.front();
        steering_.erase(steering_.begin());
        outcome = next == Steer::kCancel ? "CANCELLED" : perform(position);
      }
      if (outcome != "SUCCESS") return revert(outcome, planned.step, 201);
    }
    finish(false);
    answer(201);
    rest("COMPLETED", "SUCCESS", "");
  }

  std::string perform(std::size_t position) {
    const auto& planned = kPlan[position];
    auto& durable = decided_[position];
    const auto decide = [&](Decision decision) { durable = durable == Decision::kNone ? decision : durable; };
    may_have_done_[position] = true;
    bool every_attempt_timed_out = true;
    for (int attempt = 1; attempt <= request_.handling.max_attempts; ++attempt) {
      ++told_.attempts[planned.step];
      const auto* failure = strike(planned.step, durable == Decision::kNone);
      const bool refuses = failure != nullptr && failure->kind == "REFUSE";
      if (answered(failure) || refuses) {
        decide(refuses ? Decision::kRefused : rule_of(position));
        if (durable == Decision::kDone) return "SUCCESS";
        may_have_done_[position] = false;
        return planned.refusal;
      }
      if (failure->effect == "APPLIED") decide(rule_of(position));
      every_attempt_timed_out &= failure->kind == "TIMEOUT";
    }
    return every_attempt_timed_out ? "TIMEOUT" : "UNKNOWN";
  }

  [[nodiscard]] Decision rule_of(std::size_t position) const {
    const bool funded = request_.quantity * situation_.price <= situation_.credits;
    const bool stocked = request_.quantity <= situation_.stock;
    const bool refused = (position == 0 && !funded) || (position == 1 && !stocked);
    return refused ? Decision::kRefused : Decision::kDone;
  }

  // --- the end ---

  void revert(const std::string& outcome, const std::string& failed_step, int status) {
    if (situation_.several_engines) may_have_done_ = {true, true, true};
    undo();
    finish(true);
    answer(status);
    rest("REVERTED", outcome, failed_step);
  }

  /// Everything that may have been done, newest first; again after a recovery, which adds nothing to what was undone.
  void undo() {
    for (std::size_t position = kPlan.size(); position-- > 0;) {
      const std::string step = kPlan[position].undo;
      if (!may_have_done_[position] || !undone_.insert(step).second) continue;
      const Failure* failure = nullptr;
      do {
        ++told_.attempts[step];
        failure = strike(step, false);
      } while (!answered(failure));
    }
  }

  void finish(bool reverting) {
    bool durable = false;
    while (true) {
      const auto* failure = strike(kFinish, false);
      if (answered(failure)) return;
      durable |= failure->effect == "APPLIED";
      if (failure->kind != "CRASH") continue;
      die();
      if (durable) return;  // nobody drives an order that has ended
      if (reverting) undo();
    }
  }

  /// The answer to POST comes once, if the service lives to give it.
  void answer(int status) {
    if (status_ < 0) status_ = told_.order_dies ? 0 : status;
  }

  void rest(const std::string& state, const std::string& outcome, const std::string& failed_step) {
    told_.end = {.status = status_, .state = state, .outcome = outcome, .failed_step = failed_step};
  }

  const OrderRequest& request_;
  const Situation& situation_;
  std::vector<Steer> steering_;
  std::array<Decision, 3> decided_{};
  std::array<bool, 3> may_have_done_{};
  std::set<std::string> undone_;
  int status_ = -1;
  Foretold told_;
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const End& end) {
  out << "answer " << end.status << ", ";
  if (!end.exists) return out << "no order";
  return out << end.state << " " << end.outcome << " " << end.failed_step;
}

End documented_end(const OrderRequest& request, const Situation& situation) { return foretell(request, situation).end; }

Foretold foretell(const OrderRequest& request, const Situation& situation, std::vector<Steer> steering) {
  return Foretelling(request, situation, std::move(steering)).tell();
}

}  // namespace ldt::testing
