// What the HTTP front does with POST /v1/orders around the engine: the request's bytes, its body, the answer's body.
#include <benchmark/benchmark.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <string>

#include "bench/fail.h"
#include "platform/http/request_parser.h"
#include "services/order/http/order_json.h"
#include "services/order/http/order_request.h"

namespace {

using namespace ldt;

const std::string kPlain = R"({"user":"bench-00042001","sku":"bench-00042","quantity":1})";
const std::string kFailing =
    R"({"user":"bench-00042001","sku":"bench-00042","quantity":1,"max_unit_price":10,)"
    R"("failures":[{"step":"delivery.deliver","kind":"UNKNOWN","effect":"APPLIED"}],"handling":{"max_attempts":1}})";

std::string request_with(const std::string& body) {
  return "POST /v1/orders HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nPrefer: wait=10\r\nContent-Type: application/json\r\n"
         "Content-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

void parse_http(benchmark::State& state) {
  const std::string bytes = request_with(kPlain);
  const http::ServerOptions options;
  http::RequestParts parts;
  for ([[maybe_unused]] auto _ : state) {
    parts.clear();
    http::RequestParser parser(parts, options);
    boost::beast::error_code error;
    std::size_t at = 0;
    while (!parser.is_done() && !error) {
      at += parser.put(boost::asio::buffer(bytes.data() + at, bytes.size() - at), error);
    }
    http::Request request;
    if (error || !parts.fill(request) || parts.body != kPlain) return ldt::testing::fail(state, "not parsed");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(parse_http);

void parse_body(benchmark::State& state, const std::string& body, std::size_t failures) {
  const order::OrderRequestRules rules{.default_handling = {}, .allow_failures = true};
  for ([[maybe_unused]] auto _ : state) {
    const auto parsed = order::parse_order_request(body, rules);
    if (!parsed || parsed->failures.size() != failures) return ldt::testing::fail(state, "not parsed");
    benchmark::DoNotOptimize(parsed->request_fingerprint);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(parse_body, plain, kPlain, 0);
BENCHMARK_CAPTURE(parse_body, with_a_failure_instruction, kFailing, 1);

order::OrderView completed_order() {
  order::OrderView view;
  view.id = OrderIdGenerator().next(WallTime{1'700'000'000'000'000}, 42);
  view.user = *UserName::parse("bench-00042001");
  view.sku = *Sku::parse("bench-00042");
  view.quantity = Quantity{1};
  view.unit_price = view.total = Credits{10};
  view.state = saga::OrderState::kCompleted;
  view.outcome = saga::Outcome::kSuccess;
  view.created_at = WallTime{1'700'000'000'000'000};
  view.finished_at = WallTime{1'700'000'000'008'000};
  for (const auto& planned : saga::kPlan) {
    view.attempts.push_back({.step = planned.do_step,
                             .outcome = saga::Outcome::kSuccess,
                             .started_at = view.created_at,
                             .duration = std::chrono::microseconds(1'234)});
  }
  return view;
}

void write_answer(benchmark::State& state) {
  const order::OrderView view = completed_order();
  std::size_t size = 0;
  for ([[maybe_unused]] auto _ : state) {
    const std::string body = order::order_json(view);
    if (body.find("\"COMPLETED\"") == std::string::npos) return ldt::testing::fail(state, "not written");
    size = body.size();
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["bytes"] = static_cast<double>(size);
}
BENCHMARK(write_answer);

}  // namespace
