#include "services/order/rpc/order_service.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/server_callback.h>

#include <algorithm>
#include <string>
#include <utility>

#include "ldt/order/v1/order.grpc.pb.h"

namespace ldt::order {
namespace {

namespace wire = ldt::order::v1;
using grpc::Status;
using grpc::StatusCode;

constexpr std::uint32_t kMaxWaitMs = 60'000;
constexpr std::size_t kMaxKeyBytes = 255;

void describe(const OrderView& view, wire::Order& order) {
  order.set_id(view.id.to_string());
  order.set_user(view.user.text());
  order.set_sku(view.sku.text());
  order.set_quantity(view.quantity.value);
  order.set_unit_price(view.unit_price.value);
  order.set_total(view.total.value);
  order.set_state(std::string(saga::to_string(view.state)));
  order.set_outcome(std::string(saga::to_string(view.outcome)));
  if (view.failed_step) order.set_failed_step(std::string(saga::to_string(*view.failed_step)));
  order.set_trace_id(to_hex(view.trace_id));
}

Status to_status(const PlaceFailure& failure) {
  switch (failure.error) {
    case PlaceError::kUnknownSku:
      return {StatusCode::NOT_FOUND, failure.detail};
    case PlaceError::kPriceAboveLimit:
    case PlaceError::kAcceptRefused:
      return {StatusCode::FAILED_PRECONDITION, failure.detail};
    case PlaceError::kKeyReused:
      return {StatusCode::ALREADY_EXISTS, failure.detail};
    case PlaceError::kKeyInProgress:
      return {StatusCode::ABORTED, failure.detail};
    case PlaceError::kFailuresForbidden:
      return {StatusCode::PERMISSION_DENIED, failure.detail};
    case PlaceError::kAcceptTimeout:
      return {StatusCode::DEADLINE_EXCEEDED, failure.detail};
    case PlaceError::kAcceptUnknown:
      return {StatusCode::UNKNOWN, failure.detail};
    case PlaceError::kOverloaded:
      return {StatusCode::RESOURCE_EXHAUSTED, failure.detail};
    case PlaceError::kCatalogueUnavailable:
    case PlaceError::kStopping:
    case PlaceError::kStorage:
      return {StatusCode::UNAVAILABLE, failure.detail};
  }
  return {StatusCode::INTERNAL, failure.detail};
}

Status to_status(const CommandFailure& failure) {
  switch (failure.kind) {
    case CommandFailure::Kind::kNotFound:
      return {StatusCode::NOT_FOUND, failure.detail};
    case CommandFailure::Kind::kWrongState:
      return {StatusCode::FAILED_PRECONDITION, failure.detail};
    case CommandFailure::Kind::kUnavailable:
      return {StatusCode::UNAVAILABLE, failure.detail};
  }
  return {StatusCode::INTERNAL, failure.detail};
}

Status invalid(const std::string& detail) { return {StatusCode::INVALID_ARGUMENT, detail}; }

/// FNV-1a over the request's fields; gRPC requests and HTTP requests do not share keys' fingerprints.
std::uint64_t fingerprint(const wire::PlaceOrderRequest& request) {
  std::string text = "grpc|" + request.user() + "|" + request.sku() + "|" + std::to_string(request.quantity()) + "|";
  if (request.has_max_unit_price()) text += std::to_string(request.max_unit_price());
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001B3ULL;
  return hash;
}

tl::expected<NewOrder, Status> read(const wire::PlaceOrderRequest& request, const saga::Handling& handling) {
  const auto user = UserName::parse(request.user());
  if (!user) return tl::unexpected(invalid("user: 1-128 characters of UTF-8 in NFC without control characters"));
  const auto sku = Sku::parse(request.sku());
  if (!sku) return tl::unexpected(invalid("sku: 1-64 of a-z 0-9 . -"));
  const Quantity quantity{request.quantity()};
  if (quantity < kMinOrderQuantity || quantity > kMaxOrderQuantity)
    return tl::unexpected(invalid("quantity: 1-1,000,000"));
  if (request.idempotency_key().size() > kMaxKeyBytes)
    return tl::unexpected(invalid("idempotency_key: at most 255 bytes"));
  NewOrder order;
  order.user = *user;
  order.sku = *sku;
  order.quantity = quantity;
  if (request.has_max_unit_price()) {
    order.max_unit_price = Credits{request.max_unit_price()};
    if (*order.max_unit_price < Credits{0} || *order.max_unit_price > kMaxUnitPrice) {
      return tl::unexpected(invalid("max_unit_price: 0-1,000,000,000"));
    }
  }
  order.handling = handling;
  order.idempotency_key = request.idempotency_key();
  order.request_fingerprint = fingerprint(request);
  return order;
}

class Service final : public wire::OrderService::CallbackService {
 public:
  Service(Orders& orders, const saga::Handling& handling) : orders_(orders), handling_(handling) {}

  grpc::ServerUnaryReactor* PlaceOrder(grpc::CallbackServerContext* context, const wire::PlaceOrderRequest* request,
                                       wire::Order* response) override {
    auto* reactor = context->DefaultReactor();
    if (orders_.full()) {
      reactor->Finish(to_status({PlaceError::kOverloaded, "too many orders are in flight", std::nullopt}));
      return reactor;
    }
    auto order = read(*request, handling_);
    if (!order) {
      reactor->Finish(order.error());
      return reactor;
    }
    const std::chrono::milliseconds wait(std::min(request->wait_ms(), kMaxWaitMs));
    orders_.place(std::move(*order), wait, [reactor, response](const tl::expected<Placed, PlaceFailure>& placed) {
      if (placed) describe(placed->order, *response);
      reactor->Finish(placed ? Status::OK : to_status(placed.error()));
    });
    return reactor;
  }

  grpc::ServerUnaryReactor* GetOrder(grpc::CallbackServerContext* context, const wire::GetOrderRequest* request,
                                     wire::Order* response) override {
    auto* reactor = context->DefaultReactor();
    const auto id = OrderId::parse(request->id());
    if (!id) {
      reactor->Finish(invalid("id: a UUID of version 7"));
      return reactor;
    }
    orders_.get(*id, [reactor, response](const Result<OrderView>& view) {
      if (view) describe(*view, *response);
      const auto missing = !view && view.error().kind == ErrorKind::kNotFound;
      reactor->Finish(view ? Status::OK
                           : Status(missing ? StatusCode::NOT_FOUND : StatusCode::UNAVAILABLE, view.error().detail));
    });
    return reactor;
  }

  grpc::ServerUnaryReactor* CancelOrder(grpc::CallbackServerContext* context, const wire::CancelOrderRequest* request,
                                        wire::Order* response) override {
    return steer(context, request->id(), response,
                 [this](OrderId id, auto done) { orders_.cancel(id, std::move(done)); });
  }

  grpc::ServerUnaryReactor* RetryOrder(grpc::CallbackServerContext* context, const wire::RetryOrderRequest* request,
                                       wire::Order* response) override {
    return steer(context, request->id(), response,
                 [this](OrderId id, auto done) { orders_.retry(id, std::move(done)); });
  }

 private:
  template <class Call>
  grpc::ServerUnaryReactor* steer(grpc::CallbackServerContext* context, const std::string& text, wire::Order* response,
                                  Call call) {
    auto* reactor = context->DefaultReactor();
    const auto id = OrderId::parse(text);
    if (!id) {
      reactor->Finish(invalid("id: a UUID of version 7"));
      return reactor;
    }
    call(*id, [reactor, response](const tl::expected<OrderView, CommandFailure>& view) {
      if (view) describe(*view, *response);
      reactor->Finish(view ? Status::OK : to_status(view.error()));
    });
    return reactor;
  }

  Orders& orders_;
  const saga::Handling handling_;
};

}  // namespace

std::shared_ptr<grpc::Service> make_order_service(Orders& orders, const saga::Handling& default_handling) {
  return std::make_shared<Service>(orders, default_handling);
}

std::string_view order_service_name() { return wire::OrderService::service_full_name(); }

}  // namespace ldt::order
