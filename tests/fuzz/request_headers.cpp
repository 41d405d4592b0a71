// Any header lines and query: the idempotency key, Prefer, traceparent, Content-Type, the operator's token, parameters.
// Depends on the order service's header reader. The input: lines "name: value"; a line "?..." is the query.
#include <algorithm>
#include <string>
#include <vector>

#include "base/names.h"
#include "fuzz/require.h"
#include "services/order/http/request_headers.h"

namespace {

using namespace ldt;

constexpr std::string_view kToken = "0123456789abcdef";
// One letter is enough of a name, so that the fuzzer gets to the values soon.
constexpr std::string_view kNames[] = {"Idempotency-Key", "Prefer", "traceparent", "Content-Type", "Authorization"};

std::string_view name_of(std::string_view name) {
  for (const auto known : kNames) {
    if (name.size() == 1 && http::equal_ignoring_case(name, known.substr(0, 1))) return known;
  }
  return name;
}

http::Request read(std::string_view input) {
  http::Request request;
  while (!input.empty()) {
    const auto line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(input.size(), line.size() + 1));
    const auto colon = line.find(':');
    if (line.starts_with('?')) {
      request.query = line.substr(1);
    } else if (colon != std::string_view::npos) {
      request.headers.push_back({name_of(line.substr(0, colon)), http::trimmed(line.substr(colon + 1))});
    }
  }
  return request;
}

std::string quoted(std::string_view key) {
  std::string text = "\"";
  for (const char c : key) {
    if (c == '"' || c == '\\') text.push_back('\\');
    text.push_back(c);
  }
  return text + "\"";
}

void check_key(const http::Request& request) {
  const auto key = order::idempotency_key(request);
  REQUIRE(key || key.error().type.status == 400);
  if (!key) return;
  REQUIRE(key->empty() == !request.header("Idempotency-Key"));
  REQUIRE(key->size() <= 255);
  for (const char c : *key) REQUIRE(c > 0x20 && c < 0x7F);
  if (key->empty()) return;
  http::Request again;
  const auto text = quoted(*key);
  again.headers.push_back({"idempotency-key", text});
  const auto reread = order::idempotency_key(again);
  REQUIRE(reread && *reread == *key);  // bare or quoted, the key is the same
}

void check_trace(const http::Request& request) {
  const auto trace = order::caller_trace(request);
  if (!trace) return;
  REQUIRE(trace->valid());
  const auto again = TraceContext::parse(trace->traceparent());
  REQUIRE(again && again->trace_id == trace->trace_id && again->span_id == trace->span_id);
  REQUIRE(again->sampled == trace->sampled);
}

void check_query(const http::Request& request) {
  order::QueryReader reader(request);
  const auto limit = reader.integer("l", 1, 500, 50);
  REQUIRE(limit >= 1 && limit <= 500);
  const auto user = reader.parsed("u", UserName::parse, "must be a user");
  if (user) REQUIRE(!user->text().empty());
  const auto problem = reader.problem();
  if (problem) REQUIRE(problem->type.status == 400 && !http::to_response(*problem).body.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto request = read(fuzz::text_of(data, size));
  check_key(request);
  check_trace(request);
  check_query(request);
  if (const auto wait = order::preferred_wait(request)) REQUIRE(wait->count() >= 0 && *wait <= order::kMaxWait);
  if (const auto problem = order::check_content_type(request)) REQUIRE(problem->type.status == 415);
  if (order::bears_token(request, kToken)) REQUIRE(request.header("Authorization")->ends_with(kToken));
  REQUIRE(!order::bears_token(request, ""));
  return 0;
}
