#include "ldt/bench/workload.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace ldt::bench {
namespace {

constexpr std::size_t kUserDigits = 8;
constexpr std::size_t kSkuDigits = 5;
constexpr std::string_view kUserPrefix = "bench-";
constexpr std::string_view kSkuPrefix = "bench-";
constexpr std::int64_t kPrice = 1;
constexpr std::int64_t kInitialCredits = 500;  // what a new user has, unless payment is configured otherwise

constexpr std::array<FailingOrder, 6> kFailingOrders{{
    {"payment.charge=REFUSE", R"(,"failures":[{"step":"payment.charge","kind":"REFUSE"}])", "INSUFFICIENT_FUND"},
    {"inventory.reserve=REFUSE", R"(,"failures":[{"step":"inventory.reserve","kind":"REFUSE"}])",
     "INSUFFICIENT_INVENTORY"},
    {"delivery.deliver=REFUSE", R"(,"failures":[{"step":"delivery.deliver","kind":"REFUSE"}])", "UNDELIVERABLE"},
    {"payment.charge=UNKNOWN:applied",
     R"(,"failures":[{"step":"payment.charge","kind":"UNKNOWN","effect":"APPLIED"}],"handling":{"max_attempts":1})",
     "UNKNOWN"},
    {"inventory.reserve=UNKNOWN",
     R"(,"failures":[{"step":"inventory.reserve","kind":"UNKNOWN"}],"handling":{"max_attempts":1})", "UNKNOWN"},
    {"delivery.deliver=UNKNOWN:applied",
     R"(,"failures":[{"step":"delivery.deliver","kind":"UNKNOWN","effect":"APPLIED"}],"handling":{"max_attempts":1})",
     "UNKNOWN"},
}};

std::string digits(std::int64_t number, std::size_t width) {
  std::string text = std::to_string(number);
  return std::string(width - std::min(width, text.size()), '0') + text;
}

void write_digits(std::string& text, std::size_t at, std::size_t width, std::uint64_t number) {
  for (std::size_t i = width; i-- > 0; number /= 10) text[at + i] = static_cast<char>('0' + number % 10);
}

std::string user_name(std::int64_t user) { return std::string(kUserPrefix) + digits(user, kUserDigits); }
std::string sku_name(std::int64_t sku) { return std::string(kSkuPrefix) + digits(sku, kSkuDigits); }

std::string request(std::string_view line, const std::string& host, const std::string& headers,
                    const std::string& body) {
  return std::string(line) + " HTTP/1.1\r\nHost: " + host + "\r\n" + headers +
         "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string bearer(const std::string& token) { return "Authorization: Bearer " + token + "\r\n"; }

/// As many as hardly ever one of `shares` gets when `orders` are spread over them at random: six deviations more than
/// the mean, and a few for those under way.
std::int64_t most_of_one(std::int64_t orders, std::int64_t shares) {
  const double mean = static_cast<double>(orders) / static_cast<double>(shares);
  return static_cast<std::int64_t>(mean + 6 * std::sqrt(mean)) + 20;
}

/// A random number below `limit`, from 32 random bits.
std::uint64_t below(std::uint64_t random, std::int64_t limit) {
  return (random & 0xFFFFFFFFU) * static_cast<std::uint64_t>(limit) >> 32U;
}

}  // namespace

std::span<const FailingOrder> failing_orders() { return kFailingOrders; }

OrderWork::OrderWork(const WorkloadOptions& options)
    : options_(options), failing_below_(static_cast<std::uint64_t>(std::llround(options.failing * 4294967296.0))) {
  templates_.push_back(make_template(options.members, "SUCCESS"));
  for (const FailingOrder& order : kFailingOrders) templates_.push_back(make_template(order.members, order.outcome));
}

OrderWork::Template OrderWork::make_template(std::string_view members, std::string_view outcome) const {
  const std::string body =
      R"({"user":")" + user_name(0) + R"(","sku":")" + sku_name(0) + R"(","quantity":1)" + std::string(members) + "}";
  const std::string_view prefer = options_.waits ? "Prefer: wait=10\r\n" : "";
  Template made{request("POST /v1/orders", options_.host, std::string(prefer), body), 0, 0, outcome, 0};
  made.user_at = made.request.find(R"("user":")") + 8 + kUserPrefix.size();
  made.sku_at = made.request.find(R"("sku":")") + 7 + kSkuPrefix.size();
  return made;
}

std::string_view OrderWork::next(std::uint32_t& tag) {
  if (options_.at_most > 0 && begun_ == options_.at_most) return {};
  ++begun_;
  const std::uint64_t who_and_what = random_();
  tag = 0;
  if (failing_below_ > 0) {
    const std::uint64_t fate = random_();
    if ((fate & 0xFFFFFFFFU) < failing_below_)
      tag = 1 + static_cast<std::uint32_t>(below(fate >> 32U, kFailingOrders.size()));
  }
  Template& chosen = templates_[tag];
  const std::uint64_t user = options_.hot == Hot::kUser ? 0 : below(who_and_what, options_.users);
  const std::uint64_t sku = options_.hot == Hot::kSku ? 0 : below(who_and_what >> 32U, options_.skus);
  write_digits(chosen.request, chosen.user_at, kUserDigits, user);
  write_digits(chosen.request, chosen.sku_at, kSkuDigits, sku);
  return chosen.request;
}

void OrderWork::answered(std::uint32_t tag, int status, std::string_view body, bool measured) {
  Template& asked = templates_[tag];
  if (!options_.waits && status == 202) {
    ++tally_.expected;
    return;
  }
  const bool ended = status == 201 && first_text(body, "\"state") == (tag == 0 ? "COMPLETED" : "REVERTED");
  if (!ended || first_text(body, "\"outcome") != asked.outcome) return note(status, body, measured);
  ++tally_.expected;
  if (measured) ++asked.measured;
}

/// An answer that no order should get.
void OrderWork::note(int status, std::string_view body, bool measured) {
  const std::string_view outcome = status == 201 ? first_text(body, "\"outcome") : std::string_view();
  if (measured && !outcome.empty()) ++tally_.outcomes[std::string(outcome)];
  if (status == 503) {
    ++tally_.overloaded;
    --begun_;  // another one takes its place
    return;
  }
  ++tally_.unexpected;
  if (tally_.first_unexpected.empty()) tally_.first_unexpected = std::to_string(status) + " " + std::string(body);
}

OrderTally OrderWork::tally() const {
  OrderTally tally = tally_;
  for (const Template& each : templates_) {
    if (each.measured > 0) tally.outcomes[std::string(each.outcome)] += each.measured;
  }
  return tally;
}

std::uint64_t OrderWork::answers() const { return tally_.expected + tally_.unexpected; }

std::string_view ListedWork::next(std::uint32_t& tag) {
  tag = static_cast<std::uint32_t>(sent_);
  return sent_ < requests_.size() ? std::string_view(requests_[sent_++]) : std::string_view();
}

void ListedWork::answered(std::uint32_t tag, int status, std::string_view body, bool) {
  if (status >= 200 && status < 300) return;
  const std::string& asked = requests_[tag];
  complaint_ = asked.substr(0, asked.find(" HTTP/")) + ": " + std::to_string(status) + " " + std::string(body);
}

std::string ListedWork::complaint() const {
  return complaint_.empty() && sent_ < requests_.size() ? "there is no connection left" : complaint_;
}

NoWork::NoWork(const std::string& host) : request_("GET /healthz HTTP/1.1\r\nHost: " + host + "\r\n\r\n") {}

std::string_view NoWork::next(std::uint32_t& tag) {
  tag = 0;
  return request_;
}

void NoWork::answered(std::uint32_t, int status, std::string_view, bool) { failures_ += status == 200 ? 0 : 1; }

std::vector<std::string> sku_requests(const WorkloadOptions& options, const std::string& token) {
  std::vector<std::string> requests;
  const std::string body = "{\"price\":" + std::to_string(kPrice) + "}";
  for (std::int64_t sku = 0; sku < (options.hot == Hot::kSku ? 1 : options.skus); ++sku) {
    requests.push_back(request("PUT /v1/inventory/" + sku_name(sku), options.host, bearer(token), body));
  }
  return requests;
}

std::vector<std::string> supply_requests(const WorkloadOptions& options, const std::string& token,
                                         std::int64_t orders) {
  std::vector<std::string> requests;
  const std::int64_t skus = options.hot == Hot::kSku ? 1 : options.skus;
  const std::string stock = "{\"quantity\":" + std::to_string(most_of_one(orders, skus)) + "}";
  for (std::int64_t sku = 0; sku < skus; ++sku) {
    requests.push_back(request("POST /v1/inventory/" + sku_name(sku) + "/restock", options.host, bearer(token), stock));
  }
  const std::int64_t users = options.hot == Hot::kUser ? 1 : options.users;
  const std::int64_t each = most_of_one(orders, users) * kPrice;
  if (each <= kInitialCredits) return requests;
  const std::string credits = "{\"amount\":" + std::to_string(each) + "}";
  for (std::int64_t user = 0; user < users; ++user) {
    requests.push_back(
        request("POST /v1/accounts/" + user_name(user) + "/credits", options.host, bearer(token), credits));
  }
  return requests;
}

}  // namespace ldt::bench
