#include "crashes/checks.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <string_view>

namespace ldt::crashes {
namespace {

using testing::Client;
using testing::Json;
using testing::percent_encoded;
using testing::text_of;

constexpr std::int64_t kInitialCredits = 500;
constexpr std::string_view kOtherEnd = "; the documents allow ";

std::string brief(const Json& order) {
  return text_of(order, "id") + " " + text_of(order, "state") + " " + text_of(order, "outcome") + " " +
         text_of(order, "failed_step");
}

struct Completed {
  std::map<std::string, std::int64_t> spent, tokens;  // by user
  std::map<std::string, std::int64_t> sold;           // by SKU
  std::map<std::string, std::set<std::string>> ids;   // of all orders, by user
};

void check_one(Client& client, const ScriptedOrder& scripted, Told told, Completed& completed, Violations& violations) {
  if (told.id.empty()) {
    violations.push_back(scripted.what + ": was never acknowledged");
    return;
  }
  const auto order = client.order(told.id);
  hear(told, order, violations);
  check_end(scripted, order, violations);
  completed.ids[scripted.request.user].insert(told.id);
  if (order.at("state") != "COMPLETED") return;
  completed.spent[scripted.request.user] += order.at("total").get<std::int64_t>();
  completed.tokens[scripted.request.user] += order.at("quantity").get<std::int64_t>();
  completed.sold[scripted.request.sku] += order.at("quantity").get<std::int64_t>();
}

/// The same key again: the same order, and no other.
void check_key(Client& client, const ScriptedOrder& scripted, const Told& told, Violations& violations) {
  const auto again = client.place(scripted.request, {{"Idempotency-Key", told.key}});
  if (again.ok() && text_of(again.body, "id") == told.id) return;
  violations.push_back(scripted.what + ": its key was answered with " + std::to_string(again.status) + " " +
                       again.text.substr(0, 300) + ", not with order " + told.id);
}

void check_user(Client& client, const std::string& user, std::int64_t granted, Completed& completed,
                Violations& violations) {
  const auto expect = [&](const std::string& what, std::int64_t is, std::int64_t due) {
    if (is != due) {
      violations.push_back(user + ": " + what + " " + std::to_string(is) + ", not " + std::to_string(due));
    }
  };
  expect("credits are", client.credits(user), kInitialCredits + granted - completed.spent[user]);
  expect("tokens are", client.tokens(user), completed.tokens[user]);
  std::set<std::string> listed;
  for (const auto& order : client.orders("user=" + percent_encoded(user))) listed.insert(text_of(order, "id"));
  if (listed == completed.ids[user]) return;
  violations.push_back(user + ": has " + std::to_string(listed.size()) + " orders, was told of " +
                       std::to_string(completed.ids[user].size()));
}

void check_shelf(Client& client, const Shelf& shelf, std::int64_t sold, Violations& violations) {
  const testing::Stock due{shelf.price, shelf.stock - sold, 0, sold};
  const auto is = client.stock(shelf.sku);
  if (is == due) return;
  std::ostringstream text;
  text << shelf.sku << ": is " << is << "; should be " << due;
  violations.push_back(text.str());
}

}  // namespace

void hear(Told& told, const Json& order, Violations& violations) {
  const std::string id = text_of(order, "id");
  const std::string state = text_of(order, "state");
  if (!told.id.empty() && told.id != id) {
    violations.push_back("key " + told.key + " has two orders, " + told.id + " and " + id);
  }
  const bool was_final = told.state == "COMPLETED" || told.state == "REVERTED";
  if (was_final && (told.state != state || told.outcome != text_of(order, "outcome"))) {
    violations.push_back("was told to be " + told.state + " " + told.outcome + ", is now " + brief(order));
  }
  told.id = id;
  told.state = state;
  told.outcome = text_of(order, "outcome");
}

void check_end(const ScriptedOrder& scripted, const Json& order, Violations& violations) {
  const auto& end = scripted.end;
  if (text_of(order, "state") == end.state && text_of(order, "outcome") == end.outcome &&
      text_of(order, "failed_step") == end.failed_step) {
    return;
  }
  violations.push_back(scripted.what + ": ended as " + brief(order) + std::string(kOtherEnd) + end.state + " " +
                       end.outcome + " " + end.failed_step);
}

bool only_other_ends(const Violations& violations) {
  return !violations.empty() && std::ranges::all_of(violations, [](const std::string& text) {
    return text.find(kOtherEnd) != std::string::npos;
  });
}

void check_books(Client& client, const Script& script, const std::vector<Told>& told, Violations& violations) {
  Completed completed;
  for (std::size_t i = 0; i < told.size(); ++i) {
    check_one(client, script.orders[i], told[i], completed, violations);
    check_key(client, script.orders[i], told[i], violations);
  }
  for (const auto& [user, granted] : script.grants) check_user(client, user, granted, completed, violations);
  for (const auto& shelf : script.shelves) check_shelf(client, shelf, completed.sold[shelf.sku], violations);
  const auto audit = client.audit();
  if (!audit.at("ok").get<bool>()) violations.push_back("the audit finds " + audit.at("violations").dump());
}

}  // namespace ldt::crashes
