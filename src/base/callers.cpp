// The list of who may call what.
// Pure. A service that gets another peer gets a line here.
#include "base/callers.h"

#include <algorithm>
#include <array>

namespace ldt {

namespace {

struct Rule {
  std::string_view caller;
  std::string_view methods;  // all that begin so: a whole service, or one method
};

constexpr std::array kMayCall{
    // The order service drives the sagas, reads for its API and proves the sums.
    Rule{"order", "/ldt.payment.v1.PaymentService/"},
    Rule{"order", "/ldt.inventory.v1.InventoryService/"},
    Rule{"order", "/ldt.delivery.v1.DeliveryService/"},
    Rule{"order", "/ldt.statistics.v1.StatisticsService/"},
    Rule{"order", "/ldt.telemetry.v1.TelemetryService/"},
    Rule{"order", "/grpc.health.v1.Health/"},
    // All four tell the telemetry store what they did.
    Rule{"order", "/opentelemetry.proto.collector."},
    Rule{"payment", "/opentelemetry.proto.collector."},
    Rule{"inventory", "/opentelemetry.proto.collector."},
    Rule{"delivery", "/opentelemetry.proto.collector."},
    // People, with a tool such as grpcurl: orders as through the public API; elsewhere they only look.
    Rule{"operator", "/ldt.order.v1.OrderService/"},
    Rule{"operator", "/ldt.payment.v1.PaymentService/GetAccount"},
    Rule{"operator", "/ldt.payment.v1.PaymentService/Audit"},
    Rule{"operator", "/ldt.inventory.v1.InventoryService/GetSku"},
    Rule{"operator", "/ldt.inventory.v1.InventoryService/ListSkus"},
    Rule{"operator", "/ldt.inventory.v1.InventoryService/Audit"},
    Rule{"operator", "/ldt.delivery.v1.DeliveryService/GetWallet"},
    Rule{"operator", "/ldt.delivery.v1.DeliveryService/Audit"},
    Rule{"operator", "/ldt.statistics.v1.StatisticsService/"},
    Rule{"operator", "/grpc.health.v1.Health/"},
    Rule{"operator", "/grpc.reflection.v1alpha.ServerReflection/"},
};

constexpr bool covers(std::string_view methods, std::string_view method) {
  return methods.ends_with('/') || methods.ends_with('.') ? method.starts_with(methods) : method == methods;
}

}  // namespace

bool may_call(std::string_view caller, std::string_view method) {
  return std::any_of(kMayCall.begin(), kMayCall.end(),
                     [&](const Rule& rule) { return rule.caller == caller && covers(rule.methods, method); });
}

}  // namespace ldt
