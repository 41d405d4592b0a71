#include "chaos/verify.h"

#include <algorithm>
#include <set>
#include <thread>
#include <unordered_set>

namespace ldt::testing {
namespace {

constexpr std::size_t kMostShown = 5;
constexpr std::chrono::seconds kSayEvery{2};
constexpr std::string_view kOrderBegins = R"({"id":")";

std::string shown(const std::vector<std::string>& all) {
  if (all.empty()) return "";
  std::string text = std::to_string(all.size()) + ": ";
  for (std::size_t i = 0; i < std::min(all.size(), kMostShown); ++i) text += (i > 0 ? "; " : "") + all[i];
  return text;
}

/// What the list of all orders says of those of the traffic.
class Listing {
 public:
  explicit Listing(const Traffic& traffic) : traffic_(traffic), completed_(Traffic::kUsers) {
    by_id_.reserve(traffic.count());
    for (std::uint32_t order = 0; order < traffic.count(); ++order) {
      const auto& id = traffic.known(order).id;
      if (!id.empty() && !by_id_.emplace(id, order).second) twice_.push_back(id + " was told of two keys");
    }
  }

  void read_all(Fetcher& fetcher, const std::function<void(const std::string&)>& say) {
    std::string cursor;
    auto say_at = SteadyClock::now() + kSayEvery;
    do {
      const auto page = page_at(fetcher, cursor);
      for (auto at = page.find(kOrderBegins); at != std::string::npos;) {
        const auto next = page.find(kOrderBegins, at + 1);
        take(std::string_view(page).substr(at, next == std::string::npos ? next : next - at));
        at = next;
      }
      cursor = text_member(page, "next_cursor");
      if (SteadyClock::now() > say_at) {
        say("listed " + std::to_string(listed_) + " of " + std::to_string(traffic_.count()) + " orders");
        say_at = SteadyClock::now() + kSayEvery;
      }
    } while (!cursor.empty());
  }

  std::vector<Check> checks() {
    for (const auto& [id, order] : by_id_) {
      if (!seen_.contains(order)) lost_.push_back("order-" + std::to_string(order) + " " + id);
    }
    return {{"I5: every acknowledged order is there", shown(lost_)},
            {"I5: every order has ended", shown(unfinished_)},
            {"I6: an end that was told is the end", shown(changed_)},
            {"I7: one key, one order", shown(twice_)}};
  }

  [[nodiscard]] std::int64_t completed_of(std::uint32_t user) const { return completed_[user]; }
  [[nodiscard]] std::int64_t completed() const { return counts_at("COMPLETED SUCCESS"); }
  [[nodiscard]] const std::map<std::string, std::int64_t>& counts() const { return counts_; }

 private:
  static std::string page_at(Fetcher& fetcher, const std::string& cursor) {
    FetchedAnswer answer;
    for (int attempt = 0; attempt < 5 && answer.status != 200; ++attempt)
      answer = fetcher.get("/v1/orders?limit=500" + (cursor.empty() ? "" : "&cursor=" + percent_encoded(cursor)));
    if (answer.status != 200) throw std::runtime_error("the list of orders answers " + std::to_string(answer.status));
    return answer.body;
  }

  void take(std::string_view shown_order) {
    ++listed_;
    const std::string id(text_member(shown_order, "id"));
    const auto state = text_member(shown_order, "state");
    const auto outcome = text_member(shown_order, "outcome");
    ++counts_[std::string(state) + " " + std::string(outcome)];
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) {
      twice_.push_back(id + " was told of no key");
      return;
    }
    seen_.insert(found->second);
    if (state == "COMPLETED") ++completed_[found->second % Traffic::kUsers];
    if (final_of(state) == Final::kNone) unfinished_.push_back(id + " is " + std::string(state));
    const auto& known = traffic_.known(found->second);
    if (known.told != Final::kNone && (known.told != final_of(state) || known.outcome != outcome))
      changed_.push_back(id + " was told as " + known.outcome + " and is " + std::string(outcome));
  }

  [[nodiscard]] std::int64_t counts_at(const std::string& end) const {
    const auto found = counts_.find(end);
    return found == counts_.end() ? 0 : found->second;
  }

  const Traffic& traffic_;
  std::unordered_map<std::string, std::uint32_t> by_id_;
  std::unordered_set<std::uint32_t> seen_;
  std::vector<std::int64_t> completed_;  // by user
  std::map<std::string, std::int64_t> counts_;
  std::vector<std::string> lost_, unfinished_, changed_, twice_;
  std::size_t listed_ = 0;
};

std::string check_books(Marketplace& market, const Listing& listing, const Granted& granted) {
  std::vector<std::string> wrong;
  auto client = market.client();
  const auto compare = [&](const std::string& what, std::int64_t is, std::int64_t should_be) {
    if (is != should_be) wrong.push_back(what + " is " + std::to_string(is) + ", not " + std::to_string(should_be));
  };
  for (std::uint32_t user = 0; user < Traffic::kUsers; ++user) {
    const auto name = Traffic::user_of(user);
    const auto bought = listing.completed_of(user);
    compare("credits of " + name, client.credits(name), granted.credits_per_user - bought * granted.price);
    compare("tokens of " + name, client.tokens(name), bought);
  }
  const auto stock = client.stock(Traffic::kSku);
  compare("stock", stock.stock, granted.stock - listing.completed());
  compare("reserved", stock.reserved, 0);
  compare("sold", stock.sold, listing.completed());
  return shown(wrong);
}

std::string check_audit(Marketplace& market) {
  const auto audit = market.client().audit();
  return audit.at("ok").get<bool>() && audit.at("violations").empty() ? "" : audit.dump(2);
}

/// I8: the orders that go well, and every way to go wrong that the instructions ask for.
std::string check_outcomes(const Listing& listing) {
  std::string missing;
  for (const std::string end : {"COMPLETED SUCCESS", "REVERTED TIMEOUT", "REVERTED UNKNOWN", "REVERTED UNDELIVERABLE",
                                "REVERTED INSUFFICIENT_INVENTORY"}) {
    if (!listing.counts().contains(end)) missing += "no " + end + " ";
  }
  return missing;
}

}  // namespace

double await_all_ended(const std::string& address, SteadyClock::time_point deadline, std::string& left) {
  const auto begin = SteadyClock::now();
  Fetcher fetcher(address);
  while (true) {
    left.clear();
    for (const std::string state : {"RUNNING", "REVERTING", "HELD"}) {
      const auto answer = fetcher.get("/v1/orders?limit=3&state=" + state);
      if (answer.status != 200 || answer.body.find(kOrderBegins) != std::string::npos)
        left += state + ": " + std::to_string(answer.status) + " " + answer.body.substr(0, 2000) + "\n";
    }
    if (left.empty()) return std::chrono::duration<double>(SteadyClock::now() - begin).count();
    if (SteadyClock::now() > deadline) return -1;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

std::vector<Check> verify(Marketplace& market, const Traffic& traffic, const Granted& granted,
                          const std::function<void(const std::string&)>& say) {
  Listing listing(traffic);
  Fetcher fetcher(market.address());
  listing.read_all(fetcher, say);
  auto checks = listing.checks();
  checks.push_back({"I6: no end changed while it ran", shown(traffic.changed_ends())});
  checks.push_back({"I7: no key changed its order while it ran", shown(traffic.changed_ids())});
  checks.push_back({"every answer was one that a client may get", shown(traffic.objections())});
  say("adding up the books");
  checks.push_back(
      {"I1, I2: credits, tokens and stock are what the orders say", check_books(market, listing, granted)});
  checks.push_back({"I1-I4: the audit is clean", check_audit(market)});
  if (granted.every_outcome) checks.push_back({"I8: every outcome occurred", check_outcomes(listing)});
  std::string ends;
  for (const auto& [end, count] : listing.counts())
    ends += (ends.empty() ? "" : ", ") + std::to_string(count) + " " + end;
  say("ends: " + ends);
  return checks;
}

}  // namespace ldt::testing
