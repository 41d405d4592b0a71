// Logs and traces, read from the telemetry store.
// Depends on TelemetryReader and Orders; nothing here blocks. Invariant: a store that is off, dead or slow is 503
// `telemetry-unavailable`, and no business of any other call's.
#include <utility>

#include "services/order/http/answers.h"
#include "services/order/http/api_context.h"
#include "services/order/http/cursor.h"
#include "services/order/http/telemetry_json.h"

namespace ldt::order {
namespace {

using http::Request;
using http::Responder;
using http::Response;

constexpr std::uint32_t kPage = 100;
constexpr std::uint32_t kOrderPage = 1000;
constexpr std::uint32_t kMaxPage = 5000;

Response telemetry_problem(const Error& error) {
  if (error.kind == ErrorKind::kInvalid) {
    return http::to_response(invalid_parameter("after", "is not a cursor of this list"));
  }
  auto response = http::problem_response(problem_type::kTelemetryUnavailable, error.detail);
  response.add_header("Retry-After", "1");
  return response;
}

template <class T, class Render>
[[nodiscard]] std::function<void(Result<T>)> answer_stored(Responder responder, Render render) {
  return [responder = std::move(responder), render = std::move(render)](Result<T> result) {
    responder.answer_with([result = std::move(result), render]() {
      return result ? json_response(render(*result)) : telemetry_problem(result.error());
    });
  };
}

/// Where to begin: at a place of this list, or at a time.
struct Start {
  std::string cursor;
  std::int64_t since_us = 0;
};

std::optional<Start> parse_start(std::string_view text) {
  if (auto cursor = parse_log_cursor(text)) return Start{std::move(*cursor), 0};
  if (const auto time = parse_time(text)) return Start{"", time->us};
  return std::nullopt;
}

std::optional<std::string> parse_filter(std::string_view text) {
  constexpr std::size_t kLongest = 256;
  return text.empty() || text.size() > kLongest ? std::nullopt : std::optional(std::string(text));
}

/// The query that the parameters ask for; `order` is read where it is a parameter, too.
Checked<LogQuery> read_query(const Request& request, bool order_too, std::uint32_t page) {
  QueryReader parameters(request);
  LogQuery query;
  if (order_too) query.order = parameters.parsed("order", OrderId::parse, "must be an order's id");
  query.service = parameters.parsed("service", parse_filter, "must be 1 to 256 characters").value_or("");
  query.text = parameters.parsed("text", parse_filter, "must be 1 to 256 characters").value_or("");
  query.min_severity =
      parameters.parsed("severity", parse_severity, "must be TRACE, DEBUG, INFO, WARN, ERROR or FATAL").value_or(0);
  auto start = parameters.parsed("after", parse_start,
                                 "must be a cursor of this list, or a time such as "
                                 "2026-01-31T12:00:00Z");
  query.newest = order_too && !start;
  if (start) query.after = std::move(start->cursor);
  if (start) query.since_us = start->since_us;
  query.limit = parameters.integer("limit", 1, kMaxPage, page);
  if (auto problem = parameters.problem()) return tl::unexpected(std::move(*problem));
  return query;
}

void list(ApiContext& context, const Request& request, const Responder& responder) {
  const auto query = read_query(request, true, kPage);
  if (!query) return refuse(responder, query.error());
  context.telemetry.logs(*query, answer_stored<StoredLogs>(responder, logs_json));
}

/// Calls `next(order)`, or answers that there is no such order.
template <class Next>
void with_order(ApiContext& context, const Request& request, const Responder& responder, Next next) {
  const auto id = OrderId::parse(request.parameters[0]);
  if (!id) return responder.answer(order_not_found());
  context.orders.get(*id, [responder, next = std::move(next)](Result<OrderView> order) {
    if (!order) return responder.answer(own_problem(order.error()));
    next(*order);
  });
}

void order_logs(const SharedContext& context, const Request& request, const Responder& responder) {
  auto query = read_query(request, false, kOrderPage);
  if (!query) return refuse(responder, query.error());
  with_order(*context, request, responder, [context, responder, query = std::move(*query)](const OrderView& order) {
    LogQuery of_order = query;
    of_order.order = order.id;
    context->telemetry.logs(of_order, answer_stored<StoredLogs>(responder, logs_json));
  });
}

void order_trace(const SharedContext& context, const Request& request, const Responder& responder) {
  with_order(*context, request, responder, [context, responder](const OrderView& order) {
    context->telemetry.trace(order.trace_id, order.id,
                             answer_stored<StoredTrace>(responder, [id = order.trace_id](const StoredTrace& trace) {
                               return trace_json(id, trace);
                             }));
  });
}

}  // namespace

void add_telemetry_routes(http::Router& router, const SharedContext& context) {
  using http::Method;
  router.add(Method::kGet, "/v1/orders/{}/logs", [context](const Request& request, const Responder& responder) {
    order_logs(context, request, responder);
  });
  router.add(Method::kGet, "/v1/orders/{}/trace", [context](const Request& request, const Responder& responder) {
    order_trace(context, request, responder);
  });
  router.add(Method::kGet, "/v1/logs",
             for_operators(context, [context](const Request& request, const Responder& responder) {
               list(*context, request, responder);
             }));
}

}  // namespace ldt::order
