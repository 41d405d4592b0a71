// Telemetry at an OTLP receiver: one order's logs and spans from all four services under one trace; and that a receiver
// which is not there costs nothing.
#include <fstream>
#include <set>

#include "support/scenario.h"

namespace ldt::testing {
namespace {

std::map<std::string, std::string> exporting_to(const std::string& host_and_port) {
  return {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://" + host_and_port},
          {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"},
          {"OTEL_BSP_SCHEDULE_DELAY", "100"},
          {"OTEL_BLRP_SCHEDULE_DELAY", "100"},
          {"OTEL_METRIC_EXPORT_INTERVAL", "500"},
          {"OTEL_METRIC_EXPORT_TIMEOUT", "400"}};
}

/// A collector for tests, that writes a JSON line for each record.
class Receiver {
 public:
  std::vector<Json> records() const {
    std::vector<Json> all;
    std::ifstream lines(file());
    for (std::string line; std::getline(lines, line);) {
      auto record = Json::parse(line, nullptr, false);
      if (!record.is_discarded()) all.push_back(std::move(record));  // the last line may be cut off
    }
    return all;
  }
  /// The services that sent a record of this signal that `wanted` accepts.
  template <class Wanted>
  std::set<std::string> services_of(const std::string& signal, Wanted wanted) const {
    std::set<std::string> services;
    for (const auto& record : records()) {
      if (record.at("signal") == signal && wanted(record)) services.insert(record.at("service"));
    }
    return services;
  }
  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  std::filesystem::path file() const { return folder_.path() / "records.jsonl"; }

  TemporaryFolder folder_;
  std::string address_ = "127.0.0.1:" + std::to_string(free_port());
  Process process_{{{OTLP_RECEIVER, "--listen", address_, "--out", file()}, folder_.path() / "receiver.log", {}}};
};

const std::set<std::string> kAll(kServices.begin(), kServices.end());

TEST(Telemetry, OfOneOrderComesFromAllFourServicesUnderOneTrace) {
  const Receiver receiver;
  Marketplace market({.environment = exporting_to(receiver.address())});
  auto client = market.client();
  const auto order = client.place(OrderRequest{.user = "alice", .sku = "late-day"}).body;
  const std::string id = order.at("id");
  const std::string trace = order.at("trace_id");
  const auto of_the_order = [&](const Json& record) { return text_of(record, "trace_id") == trace; };
  EXPECT_TRUE(eventually([&] { return receiver.services_of("log", of_the_order) == kAll; }));
  EXPECT_TRUE(eventually([&] { return receiver.services_of("span", of_the_order) == kAll; }));
  EXPECT_TRUE(eventually([&] { return receiver.services_of("metric", [](const Json&) { return true; }) == kAll; }));
  std::set<std::string> spans;
  for (const auto& record : receiver.records()) {
    if (!of_the_order(record)) continue;
    if (record.at("signal") == "span") spans.insert(text_of(record, "span_id"));
    if (record.at("signal") == "log") EXPECT_EQ(text_of(record.at("attributes"), "order_id"), id) << record;
  }
  for (const auto& record : receiver.records()) {
    if (record.at("signal") != "log" || !of_the_order(record)) continue;
    EXPECT_TRUE(spans.contains(text_of(record, "span_id"))) << "a log record of no span that was sent: " << record;
  }
}

TEST(Telemetry, OfAFailingOrderHoldsItsUndosInTheSameTrace) {
  const Receiver receiver;
  Marketplace market({.environment = exporting_to(receiver.address())});
  auto client = market.client();
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const OrderRequest request{.user = "alice",
                             .sku = "late-day",
                             .failures = {{.step = "delivery.deliver", .kind = "TIMEOUT", .effect = "APPLIED"}},
                             .handling = {.max_attempts = 2, .step_timeout_ms = 250}};
  EXPECT_EQ(client.place(request, {{"traceparent", "00-" + trace + "-00f067aa0ba902b7-01"}}).body.at("outcome"),
            "TIMEOUT");
  for (const std::string step : {"delivery.revoke", "inventory.release", "payment.refund"}) {
    const auto undo = [&](const Json& record) {
      return text_of(record, "trace_id") == trace && record.dump().find(step) != std::string::npos;
    };
    const auto owner = step.substr(0, step.find('.'));
    EXPECT_TRUE(eventually([&] { return receiver.services_of("log", undo).contains(owner); })) << step;
  }
}

TEST(Telemetry, ThatNobodyReceivesNeitherSlowsNorFailsAnOrder) {
  Marketplace market({.environment = exporting_to("127.0.0.1:" + std::to_string(free_port()))});
  auto client = market.client();
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(client.place(OrderRequest{.user = "alice", .sku = "late-day", .max_unit_price = 10}).status, 201);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
  EXPECT_TRUE(client.audit().at("ok").get<bool>());
  EXPECT_EQ(market.stop().exit_code, 0);
}

}  // namespace
}  // namespace ldt::testing
