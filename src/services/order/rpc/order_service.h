// The order service over gRPC: the same operations as the HTTP API, for other services and tools.
// Hides the generated code. Invariant: what it answers is durable.
#pragma once

#include <memory>
#include <string_view>

#include "saga/failure.h"
#include "services/order/orders.h"

namespace grpc {
class Service;
}

namespace ldt::order {

[[nodiscard]] std::shared_ptr<grpc::Service> make_order_service(Orders& orders, const saga::Handling& default_handling);
/// "ldt.order.v1.OrderService"
[[nodiscard]] std::string_view order_service_name();

}  // namespace ldt::order
