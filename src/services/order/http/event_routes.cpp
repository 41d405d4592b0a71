// GET /v1/events and GET /v1/orders/{id}/events: what happens to orders, as server-sent events.
// Depends on events/event_hub.h. Invariant: a reader that has gone, however that came about, is taken off the hub.
#include <memory>
#include <optional>
#include <utility>

#include "services/order/http/answers.h"
#include "services/order/http/api_context.h"

namespace ldt::order {
namespace {

using http::Request;
using http::Responder;
using http::Response;

constexpr std::uint32_t kMaxRate = 1'000'000;
constexpr std::string_view kLastEventId = "Last-Event-ID";

/// Tells the hub how the response fares.
class Watch final : public http::BodyWatch {
 public:
  Watch(EventHub& hub, ReaderId reader) : hub_(hub), reader_(reader) {}
  ~Watch() override { hub_.left(reader_); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  void drained() override { hub_.drained(reader_); }

 private:
  EventHub& hub_;
  ReaderId reader_;
};

/// Of a HEAD request: there is no body to watch.
class NoWatch final : public http::BodyWatch {
  void drained() override {}
};

Response stream_response(std::shared_ptr<http::BodyWatch> watch) {
  Response response;
  response.content_type = http::content_type::kEventStream;
  response.goes_on = std::move(watch);
  return response;
}

class Sink final : public EventSink {
 public:
  Sink(EventHub& hub, Responder responder, ReaderId reader)
      : hub_(hub), responder_(std::move(responder)), reader_(reader) {}

  void refuse(const Error& error) override { responder_.answer(own_problem(error)); }
  void nothing_more() override { responder_.answer(Response{.status = 204}); }
  void begin() override {
    begun_ = true;
    responder_.answer(stream_response(std::make_shared<Watch>(hub_, reader_)));
  }
  void write(std::string part) override { responder_.write(std::move(part)); }
  void end() override {
    if (!begun_) return refuse(unavailable());
    responder_.end();
  }
  void cut_off() override {
    if (!begun_) return refuse(unavailable());
    responder_.cut_off();
  }

 private:
  static Error unavailable() { return {ErrorKind::kUnavailable, "the stream cannot begin just now"}; }

  EventHub& hub_;
  Responder responder_;
  ReaderId reader_;
  bool begun_ = false;
};

Response too_many() { return own_problem({ErrorKind::kOverloaded, "no more readers of events can be taken just now"}); }

/// What the client was told last; nothing where it does not say.
Checked<std::optional<std::string>> last_event_id(const Request& request) {
  if (request.count(kLastEventId) > 1) {
    return tl::unexpected(invalid_parameter(std::string(kLastEventId), "must be sent once"));
  }
  const auto header = request.header(kLastEventId);
  if (!header || header->empty()) return std::optional<std::string>();
  return std::optional(std::string(*header));
}

Checked<AllReader::Wish> read_wish(const Request& request) {
  QueryReader parameters(request);
  AllReader::Wish wish;
  wish.user = parameters.parsed("user", UserName::parse, "must be a user name");
  if (const auto rate = parameters.integer("max_rate", 1, kMaxRate, 0); rate != 0) wish.max_rate = rate;
  if (auto problem = parameters.problem()) return tl::unexpected(std::move(*problem));
  const auto last = last_event_id(request);
  if (!last) return tl::unexpected(last.error());
  if (!*last) return wish;
  wish.after = parse_position(**last);
  if (wish.after) return wish;
  return tl::unexpected(invalid_parameter(std::string(kLastEventId), "is not an id of this stream"));
}

MakeSink sink_for(const ApiContext& context, const Responder& responder) {
  return [&hub = context.events, responder](ReaderId reader) { return std::make_unique<Sink>(hub, responder, reader); };
}

void follow_all(const ApiContext& context, const Request& request, const Responder& responder) {
  auto wish = read_wish(request);
  if (!wish) return refuse(responder, wish.error());
  if (request.method == http::Method::kHead) return responder.answer(stream_response(std::make_shared<NoWatch>()));
  if (context.events.follow_all(std::move(*wish), sink_for(context, responder))) return;
  responder.answer(too_many());
}

/// What a GET would begin with.
void answer_head(Orders& orders, const OrderId& id, const Responder& responder) {
  orders.get(id, answer_own<OrderView>(responder,
                                       [](const OrderView&) { return stream_response(std::make_shared<NoWatch>()); }));
}

void follow_order(const ApiContext& context, const Request& request, const Responder& responder) {
  if (const auto problem = QueryReader(request).problem()) return refuse(responder, *problem);
  const auto id = OrderId::parse(request.parameters[0]);
  if (!id) return responder.answer(order_not_found());
  const auto last = last_event_id(request);
  if (!last) return refuse(responder, last.error());
  if (request.method == http::Method::kHead) return answer_head(context.orders, *id, responder);
  const auto reader = context.events.follow_order(*id, last->value_or(""), sink_for(context, responder));
  if (!reader) return responder.answer(too_many());
  // Only now: whatever happens after the order was read is then heard of, too.
  context.orders.get(
      *id, [&hub = context.events, reader = *reader](Result<OrderView> order) { hub.show(reader, std::move(order)); });
}

}  // namespace

void add_event_routes(http::Router& router, const SharedContext& context) {
  using http::Method;
  router.add(Method::kGet, "/v1/events", [context](const Request& request, const Responder& responder) {
    follow_all(*context, request, responder);
  });
  router.add(Method::kGet, "/v1/orders/{}/events", [context](const Request& request, const Responder& responder) {
    follow_order(*context, request, responder);
  });
}

}  // namespace ldt::order
