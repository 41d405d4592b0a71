// GET /v1/activity: what the order service did, second by second.
// Depends on events/activity.h. Invariant: every second between the first and the last is there, idle ones too.
#include <optional>

#include "platform/http/json_writer.h"
#include "services/order/http/answers.h"
#include "services/order/http/api_context.h"
#include "services/order/http/order_json.h"

namespace ldt::order {
namespace {

using http::append_integer;
using http::Comma;

constexpr std::uint32_t kDefaultSeconds = 120;
constexpr std::size_t kSecondBytes = 360;
constexpr std::int64_t kSecondUs = 1'000'000;

void append_member(std::string& out, std::string_view name_and_colon, std::uint64_t value) {
  out += name_and_colon;
  append_integer(out, static_cast<std::int64_t>(value));
}

void append_counts(std::string& out, const ActivityCounts& counts) {
  append_member(out, "\"accepted\":", counts.accepted);
  append_member(out, ",\"completed\":", counts.completed);
  append_member(out, ",\"reverted\":", counts.reverted);
  out += ",\"outcomes\":{";
  Comma comma;
  for (std::size_t i = 0; i < counts.outcomes.size(); ++i) {
    const auto outcome = static_cast<saga::Outcome>(i);
    if (outcome == saga::Outcome::kNone) continue;
    comma(out);
    out.append("\"").append(to_string(outcome)).append("\":");
    append_integer(out, static_cast<std::int64_t>(counts.outcomes[i]));
  }
  out.push_back('}');
}

void append_percentile(std::string& out, std::string_view name_and_colon, const LatencyHistogram& latency,
                       std::uint32_t per_mille) {
  out += name_and_colon;
  if (const auto value = latency.percentile(per_mille)) {
    append_integer(out, value->count());
  } else {
    out += "null";
  }
}

void append_second(std::string& out, const ActivitySecond& second, WallTime at) {
  out += "{\"at\":";
  append_time(out, at);
  out.push_back(',');
  append_counts(out, second.counts);
  append_member(out, ",\"in_flight\":", second.in_flight);
  append_percentile(out, ",\"p50_us\":", second.latency, 500);
  append_percentile(out, ",\"p90_us\":", second.latency, 900);
  append_percentile(out, ",\"p99_us\":", second.latency, 990);
  out.push_back('}');
}

std::string activity_json(const ActivityReport& report) {
  std::string out = "{\"now\":";
  out.reserve(kSecondBytes * (report.seconds.size() + 2));
  append_time(out, report.now);
  out += ",\"since\":";
  append_time(out, report.since);
  append_member(out, ",\"interval_ms\":1000,\"in_flight\":", report.in_flight.orders);
  append_member(out, ",\"held\":", report.in_flight.held);
  append_member(out, ",\"stuck\":", report.in_flight.stuck);
  out += ",\"totals\":{";
  append_counts(out, report.totals);
  out += "},\"series\":[";
  Comma comma;
  WallTime at = report.first_at;
  for (const ActivitySecond& second : report.seconds) {
    comma(out);
    append_second(out, second, at);
    at.us += kSecondUs;
  }
  out += "]}";
  return out;
}

void show(const ApiContext& context, const http::Request& request, const http::Responder& responder) {
  QueryReader parameters(request);
  const auto seconds = parameters.integer("seconds", 1, Activity::kSeconds, kDefaultSeconds);
  if (const auto problem = parameters.problem()) return refuse(responder, *problem);
  responder.answer(json_response(activity_json(context.activity.report(seconds))));
}

}  // namespace

void add_activity_routes(http::Router& router, const SharedContext& context) {
  router.add(http::Method::kGet, "/v1/activity",
             [context](const http::Request& request, const http::Responder& responder) {
               show(*context, request, responder);
             });
}

}  // namespace ldt::order
