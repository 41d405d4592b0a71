// Who may call what: nothing but what the list says, whatever a name or a method looks like.
#include "base/callers.h"

#include <gtest/gtest.h>

namespace ldt {
namespace {

TEST(Callers, OrderDrivesTheParticipants) {
  for (const char* method :
       {"/ldt.payment.v1.PaymentService/Charge", "/ldt.inventory.v1.InventoryService/WatchPrices",
        "/ldt.delivery.v1.DeliveryService/Execute", "/ldt.statistics.v1.StatisticsService/GetStatistics",
        "/ldt.telemetry.v1.TelemetryService/ListLogs", "/grpc.health.v1.Health/Check"}) {
    EXPECT_TRUE(may_call("order", method)) << method;
    EXPECT_FALSE(may_call("payment", method)) << method;
    EXPECT_FALSE(may_call("telemetry", method)) << method;
  }
}

TEST(Callers, AllFourSendTelemetry) {
  for (const char* caller : {"order", "payment", "inventory", "delivery"}) {
    EXPECT_TRUE(may_call(caller, "/opentelemetry.proto.collector.trace.v1.TraceService/Export")) << caller;
    EXPECT_TRUE(may_call(caller, "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export")) << caller;
  }
  EXPECT_FALSE(may_call("operator", "/opentelemetry.proto.collector.logs.v1.LogsService/Export"));
}

TEST(Callers, AnOperatorsToolOnlyLooksAtParticipants) {
  EXPECT_TRUE(may_call("operator", "/ldt.payment.v1.PaymentService/GetAccount"));
  EXPECT_TRUE(may_call("operator", "/ldt.order.v1.OrderService/PlaceOrder"));
  for (const char* method : {"/ldt.payment.v1.PaymentService/Charge", "/ldt.payment.v1.PaymentService/GrantCredits",
                             "/ldt.inventory.v1.InventoryService/Restock", "/ldt.delivery.v1.DeliveryService/Execute",
                             "/ldt.payment.v1.PaymentService/GetAccountAndMore"}) {
    EXPECT_FALSE(may_call("operator", method)) << method;
  }
}

TEST(Callers, NobodyElseMayCallAnything) {
  for (const char* caller : {"", "Order", "order.", "order.example.org", "*", "nobody"}) {
    EXPECT_FALSE(may_call(caller, "/grpc.health.v1.Health/Check")) << caller;
  }
  for (const char* method : {"", "/", "/ldt", "/ldt.payment.v1.PaymentService", "ldt.payment.v1.PaymentService/Charge",
                             "/ldt.payment.v1.PaymentServices/Charge", "/ldt.order.v1.OrderService/GetOrder"}) {
    EXPECT_FALSE(may_call("order", method)) << method;
  }
}

}  // namespace
}  // namespace ldt
