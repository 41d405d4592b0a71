// `ldt order`: places an order, follows it live, ends with its timeline.
// Depends on the public API. Invariant: the order is placed under an idempotency key, so that asking again after a lost
// answer cannot place two.

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <set>
#include <thread>

#include "ldt/client/api_client.h"
#include "ldt/commands.h"
#include "ldt/exit_codes.h"
#include "ldt/orders/failure_option.h"
#include "ldt/orders/timeline.h"
#include "ldt/output/json_access.h"
#include "ldt/output/terminal.h"
#include "ldt/output/text.h"

namespace ldt {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kFirstPause{20};
constexpr milliseconds kLongestPause{250};
constexpr std::chrono::seconds kPatience{30};  // without any answer: a restart of the order service takes less
constexpr int kPlaceAttempts = 2;

boost::json::object to_json(const FailureOption& option) {
  boost::json::object out{{"step", option.step}, {"kind", option.kind}};
  out["effect"] = option.applied ? "APPLIED" : "NONE";
  if (option.attempts) out["attempts"] = *option.attempts;
  if (option.delay_ms) out["delay_ms"] = *option.delay_ms;
  if (!option.outcome.empty()) out["outcome"] = option.outcome;
  return out;
}

boost::json::object handling_of(const OrderCommand& command) {
  boost::json::object out;
  if (command.max_attempts) out["max_attempts"] = *command.max_attempts;
  if (command.step_timeout_ms) out["step_timeout_ms"] = *command.step_timeout_ms;
  if (command.hold) out["on_failure"] = "HOLD";
  return out;
}

Result<std::string> request_body(const OrderCommand& command) {
  boost::json::object body{{"user", command.user}, {"sku", command.sku}, {"quantity", command.quantity}};
  if (command.max_unit_price) body["max_unit_price"] = *command.max_unit_price;
  boost::json::array failures;
  for (const auto& text : command.failures) {
    const auto option = parse_failure_option(text);
    if (!option) return tl::unexpected(option.error());
    failures.emplace_back(to_json(*option));
  }
  if (!failures.empty()) body["failures"] = std::move(failures);
  if (auto handling = handling_of(command); !handling.empty()) body["handling"] = std::move(handling);
  return boost::json::serialize(body);
}

/// Asks once more where the answer was lost: an instruction may have made the order service crash.
Result<Answer> place(const ApiClient& api, const std::string& body, const std::string& key) {
  Result<Answer> answer = failure(ErrorKind::kUnknown, "");
  const auto deadline = Clock::now() + kPatience;
  for (int asked = 0; asked < kPlaceAttempts && Clock::now() < deadline;) {
    answer = api.post("/v1/orders", body, key);
    if (answer) return answer;
    if (answer.error().kind == ErrorKind::kUnknown) ++asked;
    if (asked == 0) return answer;  // nothing was ever sent
    std::this_thread::sleep_for(kFirstPause);
  }
  return answer;
}

bool is_settled(const boost::json::value& order) { return is_final(order) || json::text(order, "state") == "HELD"; }

/// Prints the order's page as it grows: what was ordered, each attempt when it has ended, and the end.
class LivePrinter {
 public:
  void show(const boost::json::value& order) {
    if (printed_.empty()) add(to_head(order));
    for (const auto& entry : timeline_of(order)) {
      if (entry.outcome.empty() || !seen_.emplace(entry.step, entry.number).second) continue;
      add(to_line(entry) + "\n");
    }
    if (is_settled(order)) finish(order);
  }

 private:
  void add(const std::string& text) {
    print(text);
    printed_ += text;
  }
  /// A service that was restarted may tell of the attempts before in another way: then the whole page once more.
  void finish(const boost::json::value& order) {
    const auto page = to_page(order);
    if (page.starts_with(printed_)) {
      print(page.substr(printed_.size()));
    } else {
      print("\n" + page);
    }
  }

  std::set<std::pair<std::string, std::int64_t>> seen_;
  std::string printed_;
};

/// Asks for the order until it has ended or is held.
Result<Answer> follow(const ApiClient& api, Answer answer, bool live) {
  const auto path = "/v1/orders/" + percent_encode(json::text(answer.json, "id"));
  LivePrinter printer;
  if (live) printer.show(answer.json);
  milliseconds pause = kFirstPause;
  auto heard = Clock::now();
  while (!is_settled(answer.json)) {
    std::this_thread::sleep_for(pause);
    pause = std::min(kLongestPause, pause * 3 / 2);
    auto next = api.get(path);
    const bool heard_now = next && (next->ok() || next->status < 500);
    if (!heard_now && Clock::now() - heard > kPatience) return next;
    if (!heard_now) continue;
    heard = Clock::now();
    if (!next->ok()) return next;
    answer = std::move(*next);
    if (live) printer.show(answer.json);
  }
  return answer;
}

/// What the order left behind.
void print_ending(const ApiClient& api, const boost::json::value& order) {
  if (json::text(order, "state") == "HELD") {
    const auto id = json::cell(order, "id");
    print("it waits for `ldt retry " + id + "` or `ldt cancel " + id + "`\n");
  }
  const auto user = json::text(order, "user");
  const auto account = api.get("/v1/accounts/" + percent_encode(user));
  if (account && account->ok()) {
    print(printable(user) + " now has " + json::cell(account->json, "credits") + " credits\n");
  }
}

int refuse(const OrderCommand& command, const Answer& answer) {
  if (command.target.json) {
    print(answer.body + "\n");
  } else {
    complain(describe_problem(answer));
  }
  return kExitNegative;
}

/// An answer that never came. With a key the user can find out by asking again.
int give_up(const Error& error, const std::string& key) {
  complain(error.detail);
  if (error.kind != ErrorKind::kUnknown) return kExitCannot;
  complain("the order may have been accepted; the same command with --key " + key + " tells without ordering twice");
  return kExitCannot;
}

int place_and_follow(const OrderCommand& command, const ApiClient& api, const std::string& body) {
  const auto key = command.idempotency_key.empty() ? fresh_key() : command.idempotency_key;
  auto placed = place(api, body, key);
  if (!placed) return give_up(placed.error(), key);
  if (!placed->ok()) return refuse(command, *placed);
  if (command.no_wait) {
    print(command.target.json ? placed->body + "\n" : json::cell(placed->json, "id") + "\n");
    return kExitOk;
  }
  const auto ended = follow(api, std::move(*placed), !command.target.json);
  if (!ended) return give_up(ended.error(), key);
  if (!ended->ok()) return refuse(command, *ended);
  if (command.target.json) {
    print(ended->body + "\n");
  } else {
    print_ending(api, ended->json);
  }
  return json::text(ended->json, "state") == "COMPLETED" ? kExitOk : kExitNegative;
}

}  // namespace

int run(const OrderCommand& command) {
  const auto body = request_body(command);
  if (!body) {
    complain(body.error().detail);
    return kExitUsage;
  }
  const auto api = ApiClient::connect(command.target);
  if (!api) {
    complain(api.error().detail);
    return kExitCannot;
  }
  return place_and_follow(command, *api, *body);
}

}  // namespace ldt
