#include "chaos/traffic.h"

#include <algorithm>

namespace ldt::testing {
namespace {

constexpr std::uint64_t kFailingPerThousand = 50;
constexpr double kCrashesPerSecond = 0.5;

// Every kind, at every service, on the way and on the way back; the short timeout keeps silence short.
constexpr std::array kMenu{
    R"([{"step":"payment.charge","kind":"TIMEOUT","attempts":1}])",
    R"([{"step":"payment.charge","kind":"UNKNOWN","effect":"APPLIED","attempts":2}])",
    R"([{"step":"inventory.reserve","kind":"TIMEOUT","effect":"APPLIED","attempts":1}])",
    R"([{"step":"inventory.reserve","kind":"UNKNOWN"}])",
    R"([{"step":"inventory.reserve","kind":"REFUSE"}])",
    R"([{"step":"delivery.deliver","kind":"REFUSE"}])",
    R"([{"step":"delivery.deliver","kind":"TIMEOUT","effect":"APPLIED"}])",
    R"([{"step":"delivery.deliver","kind":"UNKNOWN","effect":"APPLIED"},{"step":"payment.refund","kind":"UNKNOWN"}])",
    R"([{"step":"delivery.deliver","kind":"UNKNOWN"},{"step":"delivery.revoke","kind":"TIMEOUT","effect":"APPLIED"}])",
    R"([{"step":"delivery.deliver","kind":"DELAY","delay_ms":50}])",
    R"([{"step":"order.accept","kind":"UNKNOWN","effect":"APPLIED","attempts":1}])",
    R"([{"step":"order.finish","kind":"UNKNOWN","attempts":1}])",
};
constexpr std::array kCrashes{
    R"([{"step":"payment.charge","kind":"CRASH","effect":"APPLIED"}])",
    R"([{"step":"inventory.reserve","kind":"CRASH"}])",
    R"([{"step":"delivery.deliver","kind":"CRASH","effect":"APPLIED"}])",
};

std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL;
  return value ^ (value >> 31);
}

}  // namespace

Final final_of(std::string_view state) {
  return state == "COMPLETED" ? Final::kCompleted : state == "REVERTED" ? Final::kReverted : Final::kNone;
}

std::uint32_t Traffic::add() {
  orders_.emplace_back();
  return count() - 1;
}

void Traffic::carry_failures(int rate) {
  if (failures_from_ != UINT32_MAX) return;
  failures_from_ = count();
  crash_every_ = static_cast<std::uint32_t>(std::max(1.0, rate / kCrashesPerSecond));
}

std::string Traffic::instructions(std::uint32_t order) const {
  if (order < failures_from_) return "";
  const auto number = mixed(seed_ + order);
  if (order % crash_every_ == crash_every_ - 1) return kCrashes[number % kCrashes.size()];
  return number % 1000 < kFailingPerThousand ? kMenu[number / 1000 % kMenu.size()] : "";
}

std::string Traffic::request(std::uint32_t order) const {
  std::string body = R"({"user":")" + user_of(order) + R"(","sku":")" + kSku + R"(","quantity":1)";
  if (const auto failures = instructions(order); !failures.empty()) {
    body += R"(,"failures":)" + failures + R"(,"handling":{"step_timeout_ms":200})";
  }
  body += "}";
  return "POST /v1/orders HTTP/1.1\r\nHost: " + host_ +
         "\r\nContent-Type: application/json\r\nPrefer: wait=2\r\nIdempotency-Key: order-" + std::to_string(order) +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string Traffic::look(std::uint32_t order) const {
  return "GET /v1/orders/" + orders_[order].id + " HTTP/1.1\r\nHost: " + host_ + "\r\n\r\n";
}

bool Traffic::note(std::uint32_t order, std::string_view body) {
  auto& known = orders_[order];
  const auto id = text_member(body, "id");
  const auto state = text_member(body, "state");
  const auto outcome = text_member(body, "outcome");
  const std::string name = "order-" + std::to_string(order) + " (" + known.id + ")";
  const bool first = known.id.empty();
  if (first) known.id = id;
  if (known.id != id) changed_ids_.push_back(name + " was then told as " + std::string(id));
  const Final end = final_of(state);
  if (known.told == Final::kNone && end != Final::kNone) {
    known.told = end;
    known.outcome = outcome;
  } else if (known.told != Final::kNone && (end != known.told || outcome != known.outcome)) {
    changed_ends_.push_back(name + " had ended " + known.outcome + ", and was then told as " + std::string(state) +
                            " " + std::string(outcome));
  }
  return first;
}

void Traffic::object(const std::string& what) { objections_.push_back(what); }

}  // namespace ldt::testing
