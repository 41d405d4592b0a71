#include "crashes/pass.h"

#include <algorithm>
#include <array>
#include <exception>

#include "support/eventually.h"

namespace ldt::crashes {
namespace {

using std::chrono::seconds;
using testing::eventually;
using testing::Json;
using testing::percent_encoded;
using testing::text_of;

constexpr seconds kPatience{60};
constexpr std::size_t kBriefOrders = 3;
constexpr int kCommitInDoubt = 5;
constexpr int kDataUnusable = 3;
constexpr int kCannotListen = 4;
constexpr int kStruckByInstruction = 86;
constexpr int kKilled = 128 + 9;
constexpr std::size_t kShownOutput = 600;

bool is_crash(const testing::Failure& failure) { return failure.kind == "CRASH"; }

/// What a service says by its exit code where its disk failed: it goes on after a restart.
bool is_about_the_disk(int exit_code) {
  return exit_code == kCommitInDoubt || exit_code == kDataUnusable || exit_code == kCannotListen;
}

std::string end_of(const std::string& text) {
  return text.size() > kShownOutput ? "... " + text.substr(text.size() - kShownOutput) : text;
}

bool is_of_the_wal(Class what) { return what == Class::kWalWrite || what == Class::kWalSync; }

/// The operation failed, and a commit with it.
bool fails_a_commit(const Strike& strike) {
  const bool fails = strike.fault == Fault::kEio || strike.fault == Fault::kEioLost || strike.fault == Fault::kEnospc ||
                     strike.fault == Fault::kDiskFull;
  return fails && is_of_the_wal(strike.what);
}

}  // namespace

Pass::Pass(Services& services, const std::string& prefix, std::map<int, Point> points)
    : services_(services),
      client_(services.client()),
      script_(make_script(prefix)),
      prefix_(prefix),
      points_(std::move(points)) {}

PassResult Pass::run(Counts* counts) {
  const auto in_phase = [&](int phase, const std::function<void()>& work) {
    run_phase(phase, work);
    if (counts == nullptr) return;
    for (std::size_t service = 0; service < kServices; ++service) {
      for (std::size_t what = 0; what < kClasses; ++what) {
        counts->at(static_cast<std::size_t>(phase))[service][what] = services_.control(service).counts[what];
      }
    }
  };
  in_phase(kSetup, [&] { set_up(); });
  for (std::size_t i = 0; i < kOrders; ++i) in_phase(kFirstOrder + static_cast<int>(i), [&, i] { place(i); });
  restart_for(kStop, true, counts);
  restart_for(kRecovery, false, counts);
  check_books_when_ready();
  return std::move(result_);
}

PassResult Pass::run_from_creation() {
  run_phase(kCreation, [&] {
    services_.start();
    if (!services_.wait_until_ready()) complain("the marketplace does not become ready");
  });
  run_phase(kSetup, [&] { set_up(); });
  for (std::size_t i = 0; i < kBriefOrders; ++i) run_phase(kFirstOrder + static_cast<int>(i), [&, i] { place(i); });
  check_books_when_ready();
  return std::move(result_);
}

void Pass::run_phase(int phase, const std::function<void()>& work) {
  const auto found = points_.find(phase);
  const Point* point = found == points_.end() ? nullptr : &found->second;
  where_ = phase == kSetup ? "setting up" : "phase " + phase_name(phase);
  if (point != nullptr) where_ += " (" + name_of(*point) + ")";
  if (point != nullptr) {
    services_.arm(point->service, point->strike);
  } else {
    services_.disarm();
  }
  try {
    work();
  } catch (const std::exception& error) {
    complain(error.what());
  }
  const bool full = point != nullptr && point->strike.fault == Fault::kDiskFull;
  if (full && !services_.wait_until_ready()) complain("does not go on when the disk has space again");
  const bool struck = point != nullptr && !services_.call_off(point->service);
  if (point != nullptr) (struck ? result_.struck : result_.not_reached).push_back(*point);
  account_for_ends(phase, struck ? point : nullptr);
  before_ = struck ? std::optional(*point) : std::nullopt;
  if (struck) result_.taken_back += services_.control(point->service).taken_back;
}

void Pass::set_up() {
  for (const auto& shelf : script_.shelves) {
    const std::string path = "/v1/inventory/" + shelf.sku;
    repeat_until_answered("PUT", path, {{"price", shelf.price}});
    repeat_until_answered("POST", path + "/restock", {{"quantity", shelf.stock}});
  }
  for (const auto& [user, granted] : script_.grants) {
    if (granted > 0) repeat_until_answered("POST", "/v1/accounts/" + user + "/credits", {{"amount", granted}});
  }
}

bool Pass::repeat_until_answered(const std::string& method, const std::string& path, const Json& body) {
  testing::Headers headers;
  if (method == "POST") headers["Idempotency-Key"] = testing::idempotency_key(path);
  testing::Answer answer;
  const auto answered = [&] {
    answer = client_.send(method, path, client_.operator_headers(headers), body);
    return answer.arrived() && answer.status < 500;
  };
  if (eventually(answered, kPatience) && answer.ok()) return true;
  complain(method + " " + path + " was answered with " + std::to_string(answer.status) + " " + answer.text);
  return false;
}

void Pass::place(std::size_t index) {
  const auto& scripted = script_.orders.at(index);
  Told& told = told_.emplace_back(Told{.key = prefix_ + "-" + std::to_string(index + 1)});
  if (!acknowledge(scripted, told)) return;
  await_end(scripted, told);
}

/// Places the order, under its key, until somebody says what became of it.
bool Pass::acknowledge(const ScriptedOrder& scripted, Told& told) {
  testing::Answer answer;
  const auto settled = [&] {
    answer = client_.place(scripted.request, {{"Idempotency-Key", told.key}});
    if (answer.ok()) return true;
    if (scripted.end.status >= 500 && answer.status >= 500) return look_up(scripted, told);
    const bool in_progress = answer.status == 409 && answer.text.find("accepted") != std::string::npos;
    return answer.arrived() && answer.status < 500 && !in_progress;
  };
  if (!eventually(settled, kPatience)) {
    complain("the order is not answered: " + std::to_string(answer.status) + " " + answer.text);
    return false;
  }
  if (answer.ok()) hear(told, answer.body, result_.violations);
  if (told.id.empty()) complain("the order was refused: " + std::to_string(answer.status) + " " + answer.text);
  return !told.id.empty();
}

/// An order whose acceptance failed may be there all the same; then it must come to its end.
bool Pass::look_up(const ScriptedOrder& scripted, Told& told) {
  const auto answer = client_.send("GET", "/v1/orders?user=" + percent_encoded(scripted.request.user));
  if (!answer.ok() || answer.body.at("orders").empty()) return false;
  hear(told, answer.body.at("orders").at(0), result_.violations);
  return true;
}

void Pass::await_end(const ScriptedOrder& scripted, Told& told) {
  Json order;
  const auto ended = [&] {
    const auto answer = client_.send("GET", "/v1/orders/" + told.id);
    if (answer.status == 404) {
      complain("the acknowledged order " + told.id + " is lost");
      return true;
    }
    if (!answer.ok()) return false;
    order = answer.body;
    hear(told, order, result_.violations);
    if (text_of(order, "state") == "HELD" && scripted.steer == Steer::kCancel) client_.cancel(told.id);
    if (text_of(order, "state") == "HELD" && scripted.steer == Steer::kRetry) client_.retry(told.id);
    return testing::is_final(order);
  };
  if (!eventually(ended, kPatience)) {
    complain("the order does not end: " + order.dump());
  } else if (order.is_object()) {
    Violations wrong;
    check_end(scripted, order, wrong);
    for (const auto& text : wrong) complain(text + "\n" + order.dump(2));
  }
}

void Pass::restart(std::size_t service, bool orderly) {
  if (!services_.stop(service, orderly)) complain("the service does not stop");
  services_.start();
  if (!services_.wait_until_ready()) complain("the marketplace does not become ready again");
}

/// The service of the point; all of them, one after the other, to count what they do.
void Pass::restart_for(int phase, bool orderly, Counts* counts) {
  const auto found = points_.find(phase);
  if (found != points_.end()) return run_phase(phase, [&] { restart(found->second.service, orderly); });
  if (counts == nullptr) return;
  for (std::size_t service = 0; service < kServices; ++service) {
    run_phase(phase, [&] { restart(service, orderly); });
    for (std::size_t what = 0; what < kClasses; ++what) {
      counts->at(static_cast<std::size_t>(phase))[service][what] = services_.control(service).counts[what];
    }
  }
}

/// A service ends where it was struck, or where an instruction of the order says so, and nowhere else.
void Pass::account_for_ends(int phase, const Point* struck) {
  const bool in_order = phase >= kFirstOrder && phase <= kLastOrder;
  const bool crash_instructed =
      in_order &&
      std::ranges::any_of(script_.orders.at(static_cast<std::size_t>(phase - 1)).request.failures, is_crash);
  const bool must_end =
      struck != nullptr && phase <= kLastOrder && (kills(struck->strike.fault) || fails_a_commit(struck->strike));
  const int due = must_end && kills(struck->strike.fault) ? kKilled : kCommitInDoubt;
  // One that an instruction ends, or that was struck at the end of the phase before, may be struck while it starts
  // again, before it has anything in doubt.
  const bool starts_again = crash_instructed || (before_ && struck != nullptr && before_->service == struck->service);
  const auto is_due = [&](int exit_code) {
    return exit_code == due || (starts_again && due == kCommitInDoubt && is_about_the_disk(exit_code));
  };
  bool seen = false;
  const auto note = [&] {
    for (const auto& ended : services_.take_ended()) {
      judge_end(ended, struck, crash_instructed);
      seen = seen || (struck != nullptr && ended.service == struck->service && is_due(ended.exit_code));
    }
    return seen || !must_end;
  };
  if (!eventually(note, seconds(5))) {
    complain("the service was struck but did not end with exit code " + std::to_string(due));
  }
}

void Pass::judge_end(const Ended& ended, const Point* struck, bool crash_instructed) {
  const auto explains = [&](const Strike& strike) {
    return kills(strike.fault) ? ended.exit_code == kKilled : is_about_the_disk(ended.exit_code);
  };
  if (crash_instructed && ended.exit_code == kStruckByInstruction) return;
  if (struck != nullptr && struck->service == ended.service && explains(struck->strike)) return;
  // Struck at the end of the phase before, gone in this one.
  if (before_ && before_->service == ended.service && explains(before_->strike)) return;
  complain(std::string(kServiceNames.at(ended.service)) + " ended with exit code " + std::to_string(ended.exit_code) +
           "; its output: " + end_of(testing::read_text(services_.output(ended.service))));
}

void Pass::check_books_when_ready() {
  where_ = "at the end";
  services_.disarm();
  const bool ready = services_.wait_until_ready();
  for (const auto& ended : services_.take_ended()) judge_end(ended, nullptr, false);
  if (!ready) return complain("the marketplace is not ready");
  Violations found;
  std::string trouble;
  const auto checked = [&] {
    found.clear();
    try {
      check_books(client_, script_, told_, found);
      return true;
    } catch (const std::exception& error) {  // a participant that has just restarted is not reached at once
      trouble = error.what();
      return false;
    }
  };
  if (!eventually(checked, kPatience)) complain(trouble);
  for (const auto& text : found) complain(text);
}

}  // namespace ldt::crashes
