// The calls on orders: placing is the hot path of the whole marketplace.
// Depends on Orders; nothing here blocks. Invariant: 201 means that the order has ended, 202 that it has not.
#include <optional>
#include <utility>

#include "services/order/http/answers.h"
#include "services/order/http/api_context.h"
#include "services/order/http/cursor.h"
#include "services/order/http/order_json.h"
#include "services/order/http/order_request.h"

namespace ldt::order {
namespace {

using http::Request;
using http::Responder;
using http::Response;
using PlaceResult = tl::expected<Placed, PlaceFailure>;
using CommandResult = tl::expected<OrderView, CommandFailure>;

Response placed_response(const Placed& placed) {
  Response response = json_response(order_json(placed.order), saga::is_final(placed.order.state) ? 201 : 202);
  response.add_header("Location", "/v1/orders/" + placed.order.id.to_string());
  return with_replay_mark(std::move(response), placed.replayed);
}

/// Without a look at what was asked: a refusal has to cost less than an order.
Response overloaded() {
  Response response = place_problem({PlaceError::kOverloaded, "too many orders are in flight", std::nullopt});
  response.rests = true;
  return response;
}

Response place_response(const PlaceResult& result, std::optional<std::chrono::seconds> wait) {
  if (!result && result.error().error == PlaceError::kOverloaded) return overloaded();
  Response response = result ? placed_response(*result) : place_problem(result.error());
  if (wait) response.add_header("Preference-Applied", "wait=" + std::to_string(wait->count()));
  return response;
}

Checked<NewOrder> read_order(const Request& request, const HttpApiOptions& options) {
  if (auto problem = check_content_type(request)) return tl::unexpected(std::move(*problem));
  auto key = idempotency_key(request);
  if (!key) return tl::unexpected(std::move(key.error()));
  auto order = parse_order_request(request.body, {options.default_handling, options.allow_failures});
  if (!order) return order;
  order->idempotency_key = std::move(*key);
  order->caller = caller_trace(request);
  return order;
}

void place(const ApiContext& context, const Request& request, const Responder& responder) {
  if (context.orders.full()) return responder.answer(overloaded());
  auto order = read_order(request, context.options);
  if (!order) return refuse(responder, order.error());
  const auto wait = preferred_wait(request);
  context.orders.place(
      std::move(*order), wait.value_or(std::chrono::seconds(0)), [responder, wait](PlaceResult result) {
        responder.answer_with([result = std::move(result), wait]() { return place_response(result, wait); });
      });
}

void show(const ApiContext& context, const Request& request, const Responder& responder) {
  const auto id = OrderId::parse(request.parameters[0]);
  if (!id) return responder.answer(order_not_found());
  context.orders.get(
      *id, answer_own<OrderView>(responder, [](const OrderView& order) { return json_response(order_json(order)); }));
}

void list(const ApiContext& context, const Request& request, const Responder& responder) {
  QueryReader parameters(request);
  ListQuery query;
  query.user = parameters.parsed("user", UserName::parse, "must be a user name");
  query.state =
      parameters.parsed("state", saga::parse_order_state, "must be RUNNING, HELD, REVERTING, COMPLETED or REVERTED");
  query.outcome = parameters.parsed("outcome", saga::parse_outcome, "must be an outcome, such as TIMEOUT");
  query.failed_step = parameters.parsed("failed_step", saga::parse_step, "must be a step, such as payment.charge");
  query.limit = parameters.integer("limit", 1, 500, 50);
  query.before = parameters.parsed("cursor", parse_order_cursor, "is not a cursor of this list");
  if (const auto problem = parameters.problem()) return refuse(responder, *problem);
  context.orders.list(std::move(query), answer_own<ListPage>(responder, [](const ListPage& page) {
                        return json_response(orders_json(page));
                      }));
}

Response command_response(const CommandResult& result) {
  if (!result) return command_problem(result.error());
  return json_response(order_json(*result), saga::is_final(result->state) ? 200 : 202);
}

using Command = void (Orders::*)(OrderId, std::function<void(CommandResult)>);

/// An action that gives the order in the path a command without further words.
http::Router::Action command(const SharedContext& context, Command give) {
  return [context, give](const Request& request, const Responder& responder) {
    if (const auto problem = check_no_body(request)) return refuse(responder, *problem);
    const auto id = OrderId::parse(request.parameters[0]);
    if (!id) return responder.answer(order_not_found());
    (context->orders.*give)(*id, [responder](CommandResult result) {
      responder.answer_with([result = std::move(result)]() { return command_response(result); });
    });
  };
}

void sagas(const ApiContext& context, const Request& request, const Responder& responder) {
  QueryReader parameters(request);
  const auto stuck = [](std::string_view text) { return text == "STUCK" ? std::optional(true) : std::nullopt; };
  const bool stuck_only = parameters.parsed("state", stuck, "must be STUCK").value_or(false);
  const std::uint32_t limit = parameters.integer("limit", 1, 500, 50);
  if (const auto problem = parameters.problem()) return refuse(responder, *problem);
  context.orders.sagas(stuck_only, limit, [responder](std::vector<Saga> found) {
    responder.answer_with([found = std::move(found)]() { return json_response(sagas_json(found)); });
  });
}

void audit(const ApiContext& context, const Responder& responder) {
  context.auditor.run(
      answer_own<AuditReport>(responder, [](const AuditReport& report) { return json_response(audit_json(report)); }));
}

}  // namespace

http::Router::Action for_operators(const SharedContext& context, http::Router::Action action) {
  return [context, action = std::move(action)](Request& request, const Responder& responder) {
    if (!bears_token(request, context->options.operator_token)) return responder.answer(unauthorized());
    action(request, responder);
  };
}

void add_order_routes(http::Router& router, const SharedContext& context) {
  using http::Method;
  router.add(Method::kPost, "/v1/orders",
             [context](const Request& request, const Responder& responder) { place(*context, request, responder); });
  router.add(Method::kGet, "/v1/orders/{}",
             [context](const Request& request, const Responder& responder) { show(*context, request, responder); });
  router.add(Method::kGet, "/v1/orders",
             [context](const Request& request, const Responder& responder) { list(*context, request, responder); });
  router.add(Method::kPost, "/v1/orders/{}/cancel", command(context, &Orders::cancel));
  router.add(Method::kPost, "/v1/orders/{}/retry", command(context, &Orders::retry));
}

void add_operator_routes(http::Router& router, const SharedContext& context) {
  using http::Method;
  router.add(Method::kGet, "/v1/sagas",
             for_operators(context, [context](const Request& request, const Responder& responder) {
               sagas(*context, request, responder);
             }));
  router.add(Method::kPost, "/v1/sagas/{}/retry", for_operators(context, command(context, &Orders::push)));
  router.add(Method::kGet, "/v1/audit", for_operators(context, [context](const Request&, const Responder& responder) {
               audit(*context, responder);
             }));
}

}  // namespace ldt::order
