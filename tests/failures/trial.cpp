#include "failures/trial.h"

#include <chrono>
#include <sstream>
#include <thread>

#include "support/eventually.h"

namespace ldt::testing {
namespace {

constexpr std::chrono::seconds kPlacePatience{45};
constexpr std::chrono::milliseconds kPause{5};

/// Reads that are refused while a service starts again are asked again.
template <class Read>
auto patiently(Read read) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (true) {
    try {
      return read();
    } catch (const UnexpectedAnswer&) {
      if (std::chrono::steady_clock::now() > deadline) throw;
      std::this_thread::sleep_for(kPause);
    }
  }
}

bool not_now(const Answer& answer) {
  const bool in_progress =
      answer.status == 409 && text_of(answer.body, "type").find("in-progress") != std::string::npos;
  return answer.status == 503 || in_progress;
}

void stock_up(Lane& lane) {
  lane.client.set_price(lane.sku, kPrice);
  lane.client.restock(lane.sku, kSituation.stock);
  lane.stock = lane.client.stock(lane.sku);
}

class TryOut {
 public:
  TryOut(const Trial& trial, Lane& lane, const std::string& user, bool in_company)
      : trial_(trial), lane_(lane), request_(trial.request), in_company_(in_company) {
    request_.user = user;
    request_.sku = lane.sku;
    verdict_.body = request_.json();
  }

  Verdict run() {
    verdict_.tried = true;
    try {
      if (trial_.mode == Mode::kInvalid) {
        expect_complaint();
      } else {
        place();
        const auto order = find_and_steer();
        compare(order);
        compare_books(order);
      }
    } catch (const std::exception& error) {
      differs() << error.what();
      take_another_sku();
    }
    verdict_.why = why_.str();
    return std::move(verdict_);
  }

 private:
  /// What becomes of an order that was given up is not to be seen in the stock of the next one.
  void take_another_sku() {
    lane_.sku = lane_.name + "." + std::to_string(++lane_.given_up);
    const auto stocked = [&] {
      try {
        stock_up(lane_);
        return true;
      } catch (const UnexpectedAnswer&) {
        return false;
      }
    };
    if (!eventually(stocked)) differs() << "there is no other SKU to go on with";
  }

  std::ostream& differs() {
    if (why_.tellp() > 0) why_ << "; ";
    return why_;
  }
  template <class Value>
  void expect(const std::string& what, const Value& seen, const Value& foretold) {
    if (seen != foretold) differs() << what << " is " << seen << " instead of " << foretold;
  }

  /// Which field the documents call wrong is what the answer has to name.
  void expect_complaint() {
    const auto answer = lane_.client.place(request_);
    const std::string field = request_.failures.at(0).effect == "APPLIED" ? "" : "kind";
    verdict_.seen = {.status = answer.status, .exists = false, .state = "", .outcome = ""};
    expect("the status", answer.status, 422);
    const auto errors = answer.body.is_object() ? answer.body.value("errors", Json::array()) : Json::array();
    if (errors.empty()) {
      differs() << "no field is named";
    } else {
      const auto pointer = text_of(errors[0], "pointer");
      const bool fits = pointer == "/failures/0/kind" || (field.empty() && pointer == "/failures/0/effect");
      if (!fits) differs() << "the field named is " << pointer;
    }
    if (!orders().empty()) differs() << "there is an order all the same";
    expect("the user's credits", lane_.client.credits(request_.user), kCreditsAtFirst);
  }

  std::vector<Json> orders() {
    return patiently([&] { return lane_.client.orders("user=" + percent_encoded(request_.user)); });
  }

  /// As a careful client: under a key, again and again where the connection was lost; but not where it is foretold that
  /// there is no order, since each request would end the service again.
  void place() {
    const Headers key{{"Idempotency-Key", idempotency_key(request_.user)}};
    const auto deadline = std::chrono::steady_clock::now() + kPlacePatience;
    const auto& end = trial_.foretold.end;
    bool lost = false;
    while (true) {
      const auto answer = lane_.client.place(request_, key);
      if (answer.arrived() && !not_now(answer)) {
        verdict_.seen.status = lost && end.status == 0 ? 0 : answer.status;
        disturbed_ = lost && (end.status != 0 || in_company_);
        // What is told again of an order that was accepted is its state, also where accepting failed at first.
        if (disturbed_ && end.exists && answer.ok()) verdict_.seen.status = end.status;
        return;
      }
      lost |= !answer.arrived();
      if (lost && end.status == 0 && !end.exists) {
        verdict_.seen.status = 0;
        return;
      }
      if (std::chrono::steady_clock::now() > deadline) throw UnexpectedAnswer("no answer to POST in time");
      std::this_thread::sleep_for(kPause);
    }
  }

  /// Null where there is no order.
  Json find_and_steer() {
    const auto found = orders();
    verdict_.seen.exists = !found.empty();
    if (found.size() > 1) {
      verdict_.inexcusable = true;
      differs() << "there are " << found.size() << " orders under one key";
    }
    if (found.empty()) return nullptr;
    const std::string id = found.front().at("id");
    Json order = at_rest(id, found.front());
    verdict_.was_held = order.at("state") == "HELD";
    for (const auto next : trial_.steering) {
      if (order.at("state") != "HELD") break;
      steer(id, next);
      order = at_rest(id, nullptr);
    }
    if (order.at("state") == "HELD" && trial_.foretold.end.state != "HELD") {
      differs() << "it is held";
      steer(id, Steer::kCancel);
      order = at_rest(id, nullptr);
    }
    return order;
  }

  /// The order once it has ended or is held.
  Json at_rest(const std::string& id, Json order) {
    const auto resting = [&] {
      if (!order.is_null() && (is_final(order) || order.at("state") == "HELD")) return true;
      order = patiently([&] { return lane_.client.order(id); });
      return is_final(order) || order.at("state") == "HELD";
    };
    if (!eventually(resting)) throw UnexpectedAnswer("order " + id + " does not end: " + order.dump());
    return order;
  }

  void steer(const std::string& id, Steer next) {
    const auto obeyed = [&] {
      const auto answer = next == Steer::kRetry ? lane_.client.retry(id) : lane_.client.cancel(id);
      return answer.arrived() && !not_now(answer);
    };
    if (!eventually(obeyed)) throw UnexpectedAnswer("order " + id + " is not steered");
  }

  // --- comparing ---

  void compare(const Json& order) {
    const auto& end = trial_.foretold.end;
    auto& seen = verdict_.seen;
    expect("the status", seen.status, end.status);
    if (seen.exists != end.exists) differs() << (end.exists ? "there is no order" : "there is an order");
    seen.state = order.is_null() ? "" : text_of(order, "state");
    seen.outcome = order.is_null() ? "" : text_of(order, "outcome");
    seen.failed_step = order.is_null() ? "" : text_of(order, "failed_step");
    if (!end.exists || order.is_null()) return;
    expect("the state", seen.state, end.state);
    expect("the outcome", seen.outcome, end.outcome);
    expect("the failed step", seen.failed_step, end.failed_step);
    compare_strikes(order);
    if (!disturbed_ && !trial_.foretold.order_dies) compare_attempts(order);
  }

  void compare_strikes(const Json& order) {
    const auto& shown = order.at("failures");
    for (std::size_t i = 0; i < request_.failures.size(); ++i) {
      const auto& failure = request_.failures[i];
      const int foretold = trial_.foretold.struck[i];
      const int struck = i < shown.size() ? shown[i].value("struck", -1) : -1;
      if (struck == foretold || (disturbed_ && forgiven(failure, struck, foretold))) continue;
      differs() << to_string(failure) << " struck " << struck << " times instead of " << foretold;
    }
  }

  /// An engine that recovers an order undoes all three steps, and does not ask again for what is written.
  static bool forgiven(const Failure& failure, int struck, int foretold) {
    if (is_undo(failure.step)) return struck >= foretold && struck <= failure.attempts.value_or(1);
    const bool own_step = failure.step == "order.accept" || failure.step == "order.finish";
    return own_step && struck >= 0 && struck <= foretold;
  }

  void compare_attempts(const Json& order) {
    std::map<std::string, int> attempts;
    for (const auto& step : order.at("steps")) {
      const std::string name = step.at("step");
      if (name != "order.accept" && name != "order.finish") attempts[name] = step.at("attempts");
    }
    for (const auto& step : kSteps) expect("the number of attempts at " + step, attempts[step], foretold_at(step));
  }

  [[nodiscard]] int foretold_at(const std::string& step) const {
    const auto found = trial_.foretold.attempts.find(step);
    return found == trial_.foretold.attempts.end() ? 0 : found->second;
  }

  void compare_books(const Json& order) {
    const bool sold = !order.is_null() && order.at("state") == "COMPLETED";
    auto& client = lane_.client;
    const auto credits = patiently([&] { return client.credits(request_.user); });
    const auto tokens = patiently([&] { return client.tokens(request_.user); });
    const auto stock = patiently([&] { return client.stock(lane_.sku); });
    const auto before = why_.tellp();
    expect("the user's credits", credits, kCreditsAtFirst - (sold ? kQuantity * kPrice : 0));
    expect("the number of tokens", tokens, sold ? kQuantity : 0);
    if (sold) {
      lane_.stock.stock -= kQuantity;
      lane_.stock.sold += kQuantity;
    }
    expect("the SKU", stock, lane_.stock);
    verdict_.inexcusable |= why_.tellp() != before;
    lane_.stock = stock;  // one mistake is not to be seen twice
  }

  const Trial& trial_;
  Lane& lane_;
  OrderRequest request_;
  const bool in_company_;
  bool disturbed_ = false;
  Verdict verdict_;
  std::ostringstream why_;
};

}  // namespace

std::unique_ptr<Lane> make_lane(const Marketplace& market, const std::string& name) {
  auto lane = std::make_unique<Lane>(Lane{market.client(), name, name, {}});
  stock_up(*lane);
  return lane;
}

Verdict try_out(const Trial& trial, Lane& lane, const std::string& user, bool in_company) {
  return TryOut(trial, lane, user, in_company).run();
}

}  // namespace ldt::testing
