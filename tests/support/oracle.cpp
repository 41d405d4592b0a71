#include "support/oracle.h"

#include <algorithm>
#include <array>
#include <ostream>

namespace ldt::testing {
namespace {

struct Planned {
  const char* step;
  const char* refusal;
};
constexpr std::array<Planned, 3> kPlan{{{"payment.charge", "INSUFFICIENT_FUND"},
                                        {"inventory.reserve", "INSUFFICIENT_INVENTORY"},
                                        {"delivery.deliver", "UNDELIVERABLE"}}};

enum class Decision { kNone, kDone, kRefused };

struct Played {
  Decision durable = Decision::kNone;  // what the service remembers
  std::string outcome;  // what the engine concludes: SUCCESS, REFUSED, TIMEOUT, UNKNOWN, or CRASH: it died
};

int strikes_of(const Failure& failure) {
  if (failure.attempts) return *failure.attempts;
  const bool silent = failure.kind == "TIMEOUT" || failure.kind == "UNKNOWN";
  return silent ? 1'000'000 : 1;
}

/// One step under its instructions: each attempt is struck by the first that has strikes left; a refusal can only
/// strike what is undecided.
class Play {
 public:
  Play(const OrderRequest& request, const std::string& step, Decision rule) : rule_(rule) {
    for (const auto& failure : request.failures) {
      if (failure.step == step) left_.push_back({failure, strikes_of(failure)});
    }
    bool every_attempt_timed_out = true;
    for (int attempt = 1; attempt <= request.handling.max_attempts && played_.outcome.empty(); ++attempt) {
      every_attempt_timed_out &= perform_attempt();
    }
    if (played_.outcome.empty()) played_.outcome = every_attempt_timed_out ? "TIMEOUT" : "UNKNOWN";
  }

  [[nodiscard]] const Played& played() const { return played_; }

 private:
  struct Left {
    Failure failure;
    int strikes;
  };

  const Failure* next_strike() {
    const bool undecided = played_.durable == Decision::kNone;
    for (auto& [failure, strikes] : left_) {
      if (strikes == 0 || (failure.kind == "REFUSE" && !undecided)) continue;
      --strikes;
      return &failure;
    }
    return nullptr;
  }

  void decide(Decision decision) {
    if (played_.durable == Decision::kNone) played_.durable = decision;
  }

  void conclude() { played_.outcome = played_.durable == Decision::kDone ? "SUCCESS" : "REFUSED"; }

  /// True where the attempt had no answer in time.
  bool perform_attempt() {
    const Failure* failure = next_strike();
    if (failure == nullptr || failure->kind == "DELAY" || failure->kind == "REFUSE") {
      decide(failure != nullptr && failure->kind == "REFUSE" ? Decision::kRefused : rule_);
      conclude();
      return false;
    }
    if (failure->effect == "APPLIED") decide(rule_);
    // A participant that dies is asked again; the order service itself is not there any more to ask.
    if (failure->kind == "CRASH" && failure->step == "order.accept") played_.outcome = "CRASH";
    return failure->kind == "TIMEOUT";
  }

  Decision rule_;
  std::vector<Left> left_;
  Played played_;
};

bool crashes_at(const OrderRequest& request, const std::string& step) {
  return std::any_of(request.failures.begin(), request.failures.end(),
                     [&](const Failure& failure) { return failure.step == step && failure.kind == "CRASH"; });
}

/// The end of accepting, where that is the end of it all; `goes_on` otherwise.
End end_of_accepting(const Played& accept, bool& goes_on) {
  const bool durable = accept.durable == Decision::kDone;
  const bool crashed = accept.outcome == "CRASH";
  goes_on = durable && (accept.outcome == "SUCCESS" || crashed);
  if (goes_on) return {};
  if (crashed) return {.status = 0, .exists = false, .state = "", .outcome = ""};
  const int status = accept.outcome == "REFUSED" ? 409 : accept.outcome == "TIMEOUT" ? 504 : 500;
  if (!durable) return {.status = status, .exists = false, .state = "", .outcome = ""};
  return {.status = status, .state = "REVERTED", .outcome = accept.outcome, .failed_step = "order.accept"};
}

Decision rule_of(std::size_t position, const OrderRequest& request, const Situation& situation) {
  const bool funded = request.quantity * situation.price <= situation.credits;
  const bool stocked = request.quantity <= situation.stock;
  const bool refused = (position == 0 && !funded) || (position == 1 && !stocked);
  return refused ? Decision::kRefused : Decision::kDone;
}

End end_of_the_plan(const OrderRequest& request, const Situation& situation) {
  for (std::size_t position = 0; position < kPlan.size(); ++position) {
    const auto& [step, refusal] = kPlan[position];
    const auto played = Play(request, step, rule_of(position, request, situation)).played();
    if (played.outcome == "SUCCESS") continue;
    const bool held = played.outcome != "REFUSED" && request.handling.on_failure == "HOLD";
    if (held) return {.status = 202, .state = "HELD", .outcome = "", .failed_step = step};
    return {
        .state = "REVERTED", .outcome = played.outcome == "REFUSED" ? refusal : played.outcome, .failed_step = step};
  }
  return {};
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const End& end) {
  out << "answer " << end.status << ", ";
  if (!end.exists) return out << "no order";
  return out << end.state << " " << end.outcome << " " << end.failed_step;
}

End documented_end(const OrderRequest& request, const Situation& situation) {
  if (request.max_unit_price && *request.max_unit_price < situation.price) {
    return {.status = 409, .exists = false, .state = "", .outcome = ""};
  }
  const auto accept = Play(request, "order.accept", Decision::kDone).played();
  bool goes_on = false;
  const End early = end_of_accepting(accept, goes_on);
  if (!goes_on) return early;
  End end = end_of_the_plan(request, situation);
  const bool order_died = accept.outcome == "CRASH" || (end.state != "HELD" && crashes_at(request, "order.finish"));
  if (order_died) end.status = 0;
  return end;
}

}  // namespace ldt::testing
