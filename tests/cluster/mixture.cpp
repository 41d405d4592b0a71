#include "cluster/mixture.h"

#include <algorithm>
#include <map>

#include "support/eventually.h"

namespace ldt::testing {
namespace {

constexpr std::int64_t kCredits = 500, kPrice = 10, kStock = 10'000'000;
constexpr const char* kSku = "mixture";
constexpr const char* kEmptySku = "mixture-empty";
constexpr std::chrono::seconds kAnswerWithin{90}, kEndWithin{60};
constexpr std::size_t kMostTold = 10;

std::string names_of(const std::vector<std::string>& troubles) {
  std::string text;
  for (std::size_t i = 0; i < std::min(troubles.size(), kMostTold); ++i) text += "\n            " + troubles[i];
  if (troubles.size() > kMostTold) text += "\n            and " + std::to_string(troubles.size() - kMostTold) + " more";
  return text;
}

std::string end_of(const std::string& state, const std::string& outcome, const std::string& step) {
  return state.empty() ? "no order" : state + " " + outcome + (step.empty() ? "" : " at " + step);
}

/// As foretold, cancelled where it is held.
End foretold_end(const OrderRequest& request, const Situation& situation) {
  return foretell(request, situation, {Steer::kCancel}).end;
}

/// What an order may come to that a fault met: each attempt that the fault took may have been one that an instruction
/// would have struck, so any of them may have been spared.
std::vector<End> possible_ends(const OrderRequest& request, const Situation& situation) {
  std::vector<End> ends;
  for (unsigned kept = 0; kept < 1U << request.failures.size(); ++kept) {
    OrderRequest fewer = request;
    fewer.failures.clear();
    for (std::size_t i = 0; i < request.failures.size(); ++i) {
      if ((kept >> i & 1U) != 0) fewer.failures.push_back(request.failures[i]);
    }
    ends.push_back(foretold_end(fewer, situation));
  }
  return ends;
}

/// A careful client asks again. A replica hears a moment later of a SKU that was priced through another.
bool not_now(const Answer& answer) {
  const auto type = text_of(answer.body, "type");
  const bool in_progress = answer.status == 409 && type.find("in-progress") != std::string::npos;
  return !answer.arrived() || answer.status == 503 || in_progress || type.find("unknown-sku") != std::string::npos;
}

template <class Read>
auto patiently(Read read) {
  const auto deadline = std::chrono::steady_clock::now() + kEndWithin;
  while (true) {
    try {
      return read();
    } catch (const UnexpectedAnswer&) {
      if (std::chrono::steady_clock::now() > deadline) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
}

}  // namespace

Mixture::Mixture(Marketplace& market, std::uint64_t seed, int clients) : market_(market) {
  auto client = market.client();
  client.set_price(kSku, kPrice);
  client.restock(kSku, kStock);
  client.set_price(kEmptySku, kPrice);
  for (int i = 0; i < clients; ++i) {
    clients_.emplace_back([this, seed, i] { work(seed + static_cast<std::uint64_t>(i), i); });
  }
}

Mixture::~Mixture() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
}

void Mixture::go_on(bool disturbed) {
  {
    const std::lock_guard lock(mutex_);
    running_ = true;
    disturbed_ = disturbed;
  }
  changed_.notify_all();
}

std::string Mixture::pause() {
  std::unique_lock lock(mutex_);
  running_ = false;
  const bool idle = changed_.wait_for(lock, kAnswerWithin + 2 * kEndWithin, [this] { return at_work_ == 0; });
  return idle ? "" : std::to_string(at_work_) + " orders of the mixture do not end";
}

void Mixture::work(std::uint64_t seed, int number) {
  Dice dice(seed * 1'000'003);
  auto client = market_.client();
  for (int i = 0;; ++i) {
    Drawn drawn = draw(dice, "mixture " + std::to_string(number) + "." + std::to_string(i));
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return running_ || stopping_; });
      if (stopping_) return;
      ++at_work_;
      drawn.disturbed = disturbed_;
    }
    std::string trouble;
    try {
      carry_out(client, drawn);
    } catch (const std::exception& error) {
      trouble = drawn.request.user + ": " + describe(drawn.request) + ": " + error.what();
    }
    const std::lock_guard lock(mutex_);
    if (!trouble.empty()) troubles_.push_back(trouble);
    done_.push_back(std::move(drawn));
    --at_work_;
    changed_.notify_all();
  }
}

Mixture::Drawn Mixture::draw(Dice& dice, const std::string& user) const {
  const bool scarce = dice.chance(8);
  Drawn drawn{.request = {.user = user, .sku = scarce ? kEmptySku : kSku},
              .situation = {.credits = kCredits, .stock = scarce ? 0 : kStock, .price = kPrice}};
  drawn.request.quantity = dice.chance(8) ? dice.between(51, 60) : dice.between(1, 5);
  drawn.request.handling = {.max_attempts = dice.between(2, 4), .step_timeout_ms = dice.between(500, 800)};
  if (dice.chance(20)) drawn.request.handling.on_failure = "HOLD";
  add_failures(dice, drawn.request);
  return drawn;
}

void Mixture::add_failures(Dice& dice, OrderRequest& request) {
  static const std::vector<std::string> kQuiet{"TIMEOUT", "UNKNOWN", "DELAY", "REFUSE"};
  std::vector<std::string> participants = kDoSteps;
  participants.insert(participants.end(), kUndoSteps.begin(), kUndoSteps.end());
  std::vector<std::string> all = participants;
  all.insert(all.end(), {"order.accept", "order.finish"});
  const int failures = dice.chance(20) ? 0 : dice.between(1, 2);
  for (int i = 0; i < failures; ++i) request.failures.push_back(dice.failure(all, kQuiet, request.handling));
  if (dice.chance(6)) request.failures.push_back(dice.failure(participants, {"CRASH"}, request.handling));
  if (dice.chance(2)) {
    request.failures.push_back(dice.failure({"order.accept", "order.finish"}, {"CRASH"}, request.handling));
  }
}

void Mixture::carry_out(Client& client, Drawn& drawn) {
  drawn.id = place(client, drawn);
  if (drawn.id.empty()) {
    const auto found = patiently([&] { return client.orders("user=" + percent_encoded(drawn.request.user)); });
    if (!found.empty()) drawn.id = found.front().at("id");
  }
  if (!drawn.id.empty()) drawn.order = await_end(client, drawn.id);
}

std::string Mixture::place(Client& client, const Drawn& drawn) {
  const End end = documented_end(drawn.request, drawn.situation);
  const bool ends_the_service = !end.exists && end.status == 0;  // so would each repeat
  Answer answer;
  const auto answered = [&] {
    answer = client.place(drawn.request, {{"Idempotency-Key", idempotency_key(drawn.request.user)}});
    return !not_now(answer) || (ends_the_service && !answer.arrived());
  };
  if (!eventually(answered, kAnswerWithin)) throw std::runtime_error("no answer to POST: " + answer.text);
  const bool names_order = answer.ok() && answer.body.contains("id");
  return names_order ? answer.body.at("id").get<std::string>() : "";
}

/// What is held is cancelled.
Json Mixture::await_end(Client& client, const std::string& id) {
  Json order;
  const auto ended = [&] {
    const auto answer = client.send("GET", "/v1/orders/" + id);
    if (answer.status != 200) return false;
    order = answer.body;
    if (order.at("state") == "HELD") static_cast<void>(client.cancel(id));
    return is_final(order);
  };
  if (!eventually(ended, kEndWithin)) throw std::runtime_error("it does not end: " + order.dump());
  return order;
}

std::string Mixture::summary() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, int> ends;
  for (const auto& drawn : done_) ++ends[drawn.order.is_null() ? "no order" : text_of(drawn.order, "outcome")];
  std::string text = std::to_string(done_.size()) + " orders:";
  for (const auto& [end, count] : ends) text += " " + std::to_string(count) + " " + end;
  return text;
}

/// Empty: it ended as it must.
std::string Mixture::judge(const Drawn& drawn) {
  const auto& order = drawn.order;
  const End seen{.status = 0,
                 .exists = !order.is_null(),
                 .state = order.is_null() ? "" : text_of(order, "state"),
                 .outcome = order.is_null() ? "" : text_of(order, "outcome"),
                 .failed_step = order.is_null() ? "" : text_of(order, "failed_step")};
  const auto is_as = [&](const End& end) {
    if (!end.exists) return !seen.exists;
    return seen.state == end.state && seen.outcome == end.outcome && seen.failed_step == end.failed_step;
  };
  const End end = foretold_end(drawn.request, drawn.situation);
  if (is_as(end)) return "";
  if (drawn.disturbed) {
    const auto ends = possible_ends(drawn.request, drawn.situation);
    if (std::any_of(ends.begin(), ends.end(), is_as)) return "";
    if (seen.state == "REVERTED" && (seen.outcome == "TIMEOUT" || seen.outcome == "UNKNOWN")) return "";
    if (seen.outcome == "CANCELLED" && drawn.request.handling.on_failure == "HOLD") return "";
  }
  return drawn.request.user + " " + drawn.id + ": " + describe(drawn.request) + ": " +
         end_of(seen.state, seen.outcome, seen.failed_step) + " instead of " +
         (end.exists ? end_of(end.state, end.outcome, end.failed_step) : "no order") +
         (drawn.disturbed ? " (a fault was going on)" : "");
}

std::string Mixture::check_user(Client& client, const Drawn& drawn) {
  const auto& user = drawn.request.user;
  const auto orders = patiently([&] { return client.orders("user=" + percent_encoded(user)); });
  const std::size_t expected = drawn.id.empty() ? 0 : 1;
  if (orders.size() != expected) return user + " has " + std::to_string(orders.size()) + " orders";
  if (expected > 0 && orders.front().at("state") != drawn.order.at("state")) return user + ": a told end has changed";
  const bool sold = expected > 0 && drawn.order.at("state") == "COMPLETED";
  const auto credits = patiently([&] { return client.credits(user); });
  const auto tokens = patiently([&] { return client.tokens(user); });
  const bool right = credits == kCredits - (sold ? drawn.request.quantity * kPrice : 0) &&
                     tokens == (sold ? drawn.request.quantity : 0);
  if (right) return "";
  return user + " " + drawn.id + (sold ? " (COMPLETED)" : "") + " has " + std::to_string(credits) + " credits and " +
         std::to_string(tokens) + " tokens";
}

std::string Mixture::check_stock(Client& client) const {
  std::int64_t sold = 0;
  for (const auto& drawn : done_) {
    if (!drawn.order.is_null() && drawn.order.at("state") == "COMPLETED") sold += drawn.request.quantity;
  }
  const auto stock = patiently([&] { return client.stock(kSku); });
  const Stock expected{kPrice, kStock - sold, 0, sold};
  return stock == expected ? "" : "sold " + std::to_string(stock.sold) + " instead of " + std::to_string(sold);
}

std::vector<Check> Mixture::verify() {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> undisturbed, disturbed, books;
  auto client = market_.client();
  for (const auto& drawn : done_) {
    if (auto wrong = judge(drawn); !wrong.empty()) (drawn.disturbed ? disturbed : undisturbed).push_back(wrong);
    if (auto wrong = check_user(client, drawn); !wrong.empty()) books.push_back(wrong);
  }
  return {{"mixture: every order came to an end", names_of(troubles_)},
          {"mixture: an order that no fault met ended exactly as foretold", names_of(undisturbed)},
          {"mixture: an order that a fault met ended as one of its ends", names_of(disturbed)},
          {"mixture: credits, tokens and orders of each user", names_of(books)},
          {"mixture: stock", check_stock(client)}};
}

}  // namespace ldt::testing
