#include "crashes/script.h"

#include <stdexcept>

namespace ldt::crashes {
namespace {

using testing::End;
using testing::Failure;
using testing::Handling;
using testing::OrderRequest;

constexpr std::int64_t kInitialCredits = 500;
constexpr std::int64_t kGranted = 250;

// Long enough that only an instruction ever meets a deadline, however busy the machine.
const Handling kPatient{.max_attempts = 3, .step_timeout_ms = 2000};
const Handling kTwice{.max_attempts = 2, .step_timeout_ms = 2000};
const Handling kTwiceThenHold{.max_attempts = 2, .step_timeout_ms = 2000, .on_failure = "HOLD"};
const Handling kShortTwice{.max_attempts = 2, .step_timeout_ms = 300};

struct Line {
  const char* what;
  char user;
  int shelf;
  std::int64_t quantity;
  std::vector<Failure> failures = {};
  Handling handling = kPatient;
  Steer steer = Steer::kNothing;
};

Failure fail(const char* step, const char* kind, const char* effect = "NONE", std::optional<int> attempts = {}) {
  return {.step = step, .kind = kind, .effect = effect, .attempts = attempts};
}

std::vector<Line> lines() {
  return {
      {"plain", 'a', 0, 1},
      {"charge fails once", 'a', 0, 2, {fail("payment.charge", "UNKNOWN", "NONE", 1)}},
      {"deliver fails, delivered", 'b', 0, 1, {fail("delivery.deliver", "UNKNOWN", "APPLIED")}, kTwice},
      {"plain again", 'a', 0, 3},
      {"charge refused", 'c', 0, 1, {fail("payment.charge", "REFUSE")}},
      {"too few credits", 'd', 0, 60},
      {"too little stock", 'b', 1, 4},
      {"the last of the stock", 'b', 1, 3},
      {"held, cancelled", 'c', 0, 1, {fail("delivery.deliver", "UNKNOWN")}, kTwiceThenHold, Steer::kCancel},
      {"held, retried", 'c', 0, 2, {fail("inventory.reserve", "UNKNOWN", "NONE", 2)}, kTwiceThenHold, Steer::kRetry},
      {"deliver refused, refund fails once",
       'a',
       0,
       1,
       {fail("delivery.deliver", "REFUSE"), fail("payment.refund", "UNKNOWN", "NONE", 1)}},
      {"payment crashes", 'b', 0, 1, {fail("payment.charge", "CRASH")}},
      {"delivery crashes, delivered", 'd', 0, 1, {fail("delivery.deliver", "CRASH", "APPLIED")}},
      {"reserve times out, reserved; release fails once, released",
       'd',
       0,
       1,
       {fail("inventory.reserve", "TIMEOUT", "APPLIED"), fail("inventory.release", "UNKNOWN", "APPLIED", 1)},
       kShortTwice},
      {"finish fails once, finished", 'a', 0, 1, {fail("order.finish", "UNKNOWN", "APPLIED", 1)}},
      {"accept fails once", 'c', 0, 1, {fail("order.accept", "UNKNOWN", "NONE", 1)}},
      {"accept fails, accepted", 'e', 0, 1, {fail("order.accept", "UNKNOWN", "APPLIED")}, kTwice},
      {"deliver is late",
       'd',
       0,
       2,
       {{.step = "delivery.deliver", .kind = "DELAY", .effect = "NONE", .attempts = 1, .delay_ms = 20}}},
      {"finish crashes, finished", 'a', 0, 1, {fail("order.finish", "CRASH", "APPLIED")}},
      {"a big one", 'f', 0, 70},
  };
}

End steered(End end, Steer steer) {
  if (steer == Steer::kCancel) return {.state = "REVERTED", .outcome = "CANCELLED", .failed_step = end.failed_step};
  if (steer == Steer::kRetry) return {};
  return end;
}

}  // namespace

Script make_script(const std::string& prefix) {
  Script script;
  script.shelves = {{prefix + ".many", 10, 1000}, {prefix + ".few", 7, 3}};
  std::map<std::string, std::int64_t> credits;
  auto stock = std::vector<std::int64_t>{1000, 3};
  for (const auto& line : lines()) {
    const std::string user = prefix + "-" + line.user;
    const auto granted = script.grants.emplace(user, line.user == 'f' ? kGranted : 0).first->second;
    auto& left = credits.emplace(user, kInitialCredits + granted).first->second;
    const auto shelf = static_cast<std::size_t>(line.shelf);
    const auto price = script.shelves[shelf].price;
    ScriptedOrder order{line.what,
                        {.user = user,
                         .sku = script.shelves[shelf].sku,
                         .quantity = line.quantity,
                         .failures = line.failures,
                         .handling = line.handling},
                        line.steer,
                        {}};
    order.end = steered(documented_end(order.request, {left, stock[shelf], price}), line.steer);
    if (order.end.state == "COMPLETED") {
      left -= line.quantity * price;
      stock[shelf] -= line.quantity;
    }
    script.orders.push_back(std::move(order));
  }
  if (script.orders.size() != kOrders) throw std::logic_error("the script has not twenty orders");
  return script;
}

}  // namespace ldt::crashes
