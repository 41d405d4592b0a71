// Telemetry at an OTLP receiver: one order's logs and spans from all four services under one trace; and that a receiver
// which is not there costs nothing.
#include <fstream>
#include <map>
#include <set>
#include <sstream>

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
  /// The log records of no span that was sent so far.
  const auto alone = [&] {
    std::set<std::string> spans, logs;
    for (const auto& record : receiver.records()) {
      if (!of_the_order(record)) continue;
      if (record.at("signal") == "span") spans.insert(text_of(record, "span_id"));
      if (record.at("signal") == "log") logs.insert(text_of(record, "span_id") + " " + record.dump());
    }
    std::erase_if(logs, [&](const auto& log) { return spans.contains(log.substr(0, log.find(' '))); });
    return logs;
  };
  EXPECT_TRUE(eventually([&] { return alone().empty(); })) << ::testing::PrintToString(alone());
  for (const auto& record : receiver.records()) {
    if (record.at("signal") != "log" || !of_the_order(record)) continue;
    EXPECT_EQ(text_of(record.at("attributes"), "order_id"), id) << record;
  }
}

TEST(Telemetry, OfAParticipantsStepLiesWithinTheAttemptThatAskedForIt) {
  const Receiver receiver;
  Marketplace market({.environment = exporting_to(receiver.address())});
  auto client = market.client();
  constexpr std::size_t kOrders = 20;
  for (std::size_t i = 0; i < kOrders; ++i) {
    EXPECT_EQ(client.place(OrderRequest{.user = "alice", .sku = "late-day"}).status, 201);
  }
  constexpr std::int64_t kRounding = 50'000;  // of clocks, in nanoseconds
  std::size_t within = 0;
  const auto all_within = [&] {
    within = 0;
    std::map<std::string, Json> spans;
    for (auto& record : receiver.records()) {
      if (record.at("signal") == "span") spans.emplace(text_of(record, "span_id"), record);
    }
    for (const auto& [id, span] : spans) {
      const auto parent = spans.find(text_of(span, "parent_span_id"));
      if (span.at("service") == "order" || parent == spans.end()) continue;
      const auto begin = [](const Json& of) { return of.at("start_unix_nano").get<std::int64_t>(); };
      const auto end = [&](const Json& of) { return begin(of) + of.at("duration_ns").get<std::int64_t>(); };
      EXPECT_GE(begin(span) + kRounding, begin(parent->second)) << span << parent->second;
      EXPECT_LE(end(span), end(parent->second) + kRounding) << span << parent->second;
      ++within;
    }
    return within == 3 * kOrders;
  };
  EXPECT_TRUE(eventually(all_within)) << within;
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

/// "a,b", or "-" for nothing.
std::string joined(const std::set<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ",") + word;
  return text.empty() ? "-" : text;
}

/// The golden file's line for each metric that came, without its name in Prometheus.
std::map<std::string, std::string> metrics_in(const std::vector<Json>& records) {
  struct Metric {
    std::string kind, unit;
    std::set<std::string> services, attributes;
  };
  std::map<std::string, Metric> metrics;
  for (const auto& record : records) {
    if (record.at("signal") != "metric") continue;
    Metric& metric = metrics[record.at("name").get<std::string>()];
    metric.kind = text_of(record, "type");
    metric.unit = text_of(record, "unit");
    metric.services.insert(text_of(record, "service"));
    for (const auto& [key, value] : record.at("attributes").items()) metric.attributes.insert(key);
  }
  std::map<std::string, std::string> lines;
  for (const auto& [name, metric] : metrics) {
    lines[name] = metric.kind + " " + metric.unit + " " + joined(metric.services) + " " + joined(metric.attributes);
  }
  return lines;
}

std::map<std::string, std::string> golden_metrics() {
  std::map<std::string, std::string> lines;
  std::ifstream file(GOLDEN_METRICS);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name, kind, unit, services, attributes;
    if (words >> name >> kind >> unit >> services >> attributes && !name.starts_with("#")) {
      lines[name] = kind + " " + unit + " " + services + " " + attributes;
    }
  }
  return lines;
}

TEST(Telemetry, HasTheMetricsOfTheGoldenFile) {
  const Receiver receiver;
  Marketplace market({.up_flags = {"--tls"}, .environment = exporting_to(receiver.address())});
  auto client = market.client();
  const auto golden = golden_metrics();
  ASSERT_GE(golden.size(), 14U);
  EXPECT_EQ(client.place(OrderRequest{.user = "alice", .sku = "late-day"}).body.at("outcome"), "SUCCESS");
  EXPECT_TRUE(eventually([&] { return metrics_in(receiver.records()) == golden; }));
  EXPECT_EQ(metrics_in(receiver.records()), golden);
}

/// A line for each kind of span and log record that came: "span NAME SERVICE KIND ATTRIBUTES", "log STEP SERVICE
/// ATTRIBUTES".
std::set<std::string> signals_in(const std::vector<Json>& records) {
  std::map<std::string, std::set<std::string>> attributes;
  for (const auto& record : records) {
    if (record.at("signal") == "metric") continue;
    const bool span = record.at("signal") == "span";
    const Json& own = record.at("attributes");
    std::string line = span ? "span " + text_of(record, "name") : "log " + text_of(own, "step");
    line += " " + text_of(record, "service");
    if (span) line += " " + text_of(record, "kind").substr(std::string("SPAN_KIND_").size());
    for (const auto& [key, value] : own.items()) attributes[line].insert(key);
  }
  std::set<std::string> lines;
  for (const auto& [line, keys] : attributes) lines.insert(line + " " + joined(keys));
  return lines;
}

std::set<std::string> golden_signals() {
  std::set<std::string> lines;
  std::ifstream file(GOLDEN_SIGNALS);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("span ") || line.starts_with("log ")) lines.insert(line);
  }
  return lines;
}

TEST(Telemetry, HasTheSpansAndLogRecordsOfTheGoldenFile) {
  const Receiver receiver;
  Marketplace market({.environment = exporting_to(receiver.address())});
  auto client = market.client();
  const auto place = [&](std::vector<Failure> failures,
                         Handling handling = {.max_attempts = 2, .step_timeout_ms = 200}) {
    return client.place(OrderRequest{
        .user = "alice", .sku = "late-day", .failures = std::move(failures), .handling = std::move(handling)});
  };
  EXPECT_EQ(place({}).body.at("outcome"), "SUCCESS");
  EXPECT_EQ(place({{.step = "delivery.deliver", .kind = "TIMEOUT", .effect = "APPLIED"}}).body.at("outcome"),
            "TIMEOUT");
  for (const std::string step : {"payment.charge", "inventory.reserve", "delivery.revoke", "inventory.release",
                                 "payment.refund", "order.accept", "order.finish"}) {
    std::vector<Failure> failures{{.step = step, .kind = "UNKNOWN", .attempts = 1}};
    const bool undo = step == "delivery.revoke" || step == "inventory.release" || step == "payment.refund";
    if (undo) failures.push_back({.step = "delivery.deliver", .kind = "TIMEOUT", .effect = "APPLIED"});
    EXPECT_EQ(place(failures).status, 201) << step;
  }
  const std::string held =
      place({{.step = "payment.charge", .kind = "UNKNOWN", .attempts = 1}}, {.max_attempts = 1, .on_failure = "HOLD"})
          .body.at("id");
  ASSERT_TRUE(eventually([&] {  // what was told before a kill is on its way by then
    const auto told = [&](const Json& record) {
      return text_of(record.at("attributes"), "order_id") == held &&
             text_of(record, "body").find("held") != std::string::npos;
    };
    return !receiver.services_of("log", told).empty();
  }));
  market.kill_service("order");
  market.wait_until_ready();
  auto fresh = market.client();
  EXPECT_EQ(fresh.retry(held).status, 202);
  (void)fresh.order_at_its_end(held);

  const auto golden = golden_signals();
  ASSERT_GE(golden.size(), 20U);
  (void)eventually([&] { return signals_in(receiver.records()) == golden; });
  EXPECT_EQ(signals_in(receiver.records()), golden);
  for (const auto& record : receiver.records()) {
    if (record.at("signal") != "log") continue;
    const Json& attributes = record.at("attributes");
    const std::string body = text_of(record, "body");
    EXPECT_TRUE(body.starts_with(text_of(attributes, "step") + " ") || body.starts_with("order needs attention: "))
        << record;
    const bool warns = record.at("severity_number").get<int>() >= 13;
    if (!text_of(attributes, "struck").empty()) EXPECT_TRUE(warns) << record;
    if (text_of(attributes, "outcome") == "SUCCESS" && text_of(attributes, "struck").empty())
      EXPECT_FALSE(warns) << record;
  }
}

/// The last value of a gauge.
std::int64_t gauge_in(const std::vector<Json>& records, const std::string& name) {
  std::int64_t value = -1;
  for (const auto& record : records) {
    if (record.at("signal") == "metric" && text_of(record, "name") == name)
      value = record.at("value").get<std::int64_t>();
  }
  return value;
}

TEST(Telemetry, TellsTheAgeOfTheOldestOrderInFlightButNotOfOneThatIsHeld) {
  const Receiver receiver;
  Marketplace market({.environment = exporting_to(receiver.address())});
  auto client = market.client();
  const OrderRequest held{.user = "alice",
                          .sku = "late-day",
                          .failures = {{.step = "inventory.reserve", .kind = "UNKNOWN", .attempts = 1}},
                          .handling = {.max_attempts = 1, .on_failure = "HOLD"}};
  const std::string id = client.place(held).body.at("id");
  const OrderRequest slow{.user = "alice",
                          .sku = "late-day",
                          .failures = {{.step = "payment.charge", .kind = "DELAY", .delay_ms = 4'000}},
                          .handling = {.step_timeout_ms = 10'000}};
  const std::string slow_id = client.place(slow, {{"Prefer", "wait=0"}}).body.at("id");
  const auto oldest = [&] { return gauge_in(receiver.records(), "ldt.sagas.oldest_age"); };
  EXPECT_TRUE(eventually([&] { return oldest() >= 2; })) << oldest();
  EXPECT_LE(oldest(), 10);
  (void)client.order_at_its_end(slow_id);
  EXPECT_TRUE(eventually([&] { return oldest() == 0; })) << oldest();
  EXPECT_EQ(gauge_in(receiver.records(), "ldt.sagas.held"), 1);
  EXPECT_EQ(gauge_in(receiver.records(), "ldt.sagas.in_flight"), 1);
  EXPECT_EQ(client.cancel(id).status, 202);
  EXPECT_TRUE(eventually([&] { return gauge_in(receiver.records(), "ldt.sagas.held") == 0; }));
}

TEST(Telemetry, OfAnOrderThatWasRecoveredGoesOnInItsTraceAndLinksToWhatWasBefore) {
  const Receiver receiver;
  Marketplace market({.environment = exporting_to(receiver.address())});
  auto client = market.client();
  const OrderRequest slow{.user = "alice",
                          .sku = "late-day",
                          .failures = {{.step = "delivery.deliver", .kind = "DELAY", .delay_ms = 1'500}},
                          .handling = {.step_timeout_ms = 10'000}};
  const auto placed = client.place(slow, {{"Prefer", "wait=0"}}).body;
  const auto of_the_order = [trace = text_of(placed, "trace_id")](const Json& record) {
    return record.at("signal") == "span" && text_of(record, "trace_id") == trace;
  };
  const auto spans_of_order = [&](const std::string& name) {
    std::map<std::string, Json> spans;
    for (auto& record : receiver.records()) {
      if (of_the_order(record) && record.at("service") == "order" && text_of(record, "name") == name) {
        spans.emplace(text_of(record, "span_id"), record);
      }
    }
    return spans;
  };
  ASSERT_TRUE(eventually([&] { return spans_of_order("inventory.reserve").size() == 1; }));
  market.kill_service("order");  // while delivery is at work
  market.wait_until_ready();
  auto fresh = market.client();
  EXPECT_EQ(fresh.order_at_its_end(placed.at("id")).at("outcome"), "SUCCESS");

  EXPECT_TRUE(eventually([&] { return !spans_of_order("order.saga").empty(); }));
  const auto saga = spans_of_order("order.saga");
  ASSERT_EQ(saga.size(), 1U) << "the order's own span goes from acceptance to the end, once";
  const std::string whole = saga.begin()->first;
  const auto recovered = spans_of_order("order.recover");
  ASSERT_EQ(recovered.size(), 1U);
  const Json& recovery = recovered.begin()->second;
  ASSERT_EQ(recovery.at("links").size(), 1U) << recovery;
  EXPECT_EQ(recovery.at("links").at(0).at("trace_id"), placed.at("trace_id"));
  EXPECT_EQ(text_of(recovery.at("links").at(0), "span_id"), whole);
  EXPECT_EQ(recovery.at("attributes").at("order_id"), placed.at("id"));
  const auto charges = spans_of_order("payment.charge");
  EXPECT_EQ(charges.size(), 2U) << "before the crash, and again after it";
  std::set<std::string> charged;  // what payment did for each of the two
  for (const auto& record : receiver.records()) {
    if (!of_the_order(record)) continue;
    if (record.at("service") == "payment") charged.insert(text_of(record, "parent_span_id"));
    if (record.at("service") == "order" && record.at("name") != "order.saga") {
      EXPECT_EQ(text_of(record, "parent_span_id"), whole) << record;
    }
  }
  for (const auto& [span, charge] : charges) EXPECT_TRUE(charged.contains(span)) << charge;
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
