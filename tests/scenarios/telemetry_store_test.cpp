// The telemetry store of a marketplace: one order's logs and trace from all four services, and that its death harms no
// order. The store's program alone: telemetry_receiver_test.cpp.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "support/eventually.h"
#include "support/marketplace.h"

namespace ldt::testing {
namespace {

const std::set<std::string> kAll(kServices.begin(), kServices.end());

std::string loopback(int port) { return "127.0.0.1:" + std::to_string(port); }

/// With a store, whose receivers are not on the standard ports: other tests may run beside this one.
Marketplace::Options with_store(std::vector<std::string> flags = {},
                                std::map<std::string, std::string> environment = {}) {
  Marketplace::Options options{{"--otlp-grpc", "off", "--otlp-http", "off"}, std::move(environment)};
  options.up_flags.insert(options.up_flags.end(), flags.begin(), flags.end());
  options.environment.emplace("LDT_TELEMETRY_STORE", "on");
  return options;
}

/// No trace but those of orders that revert.
const std::map<std::string, std::string> kHardlyAnyTrace{{"OTEL_TRACES_SAMPLER", "parentbased_traceidratio"},
                                                         {"OTEL_TRACES_SAMPLER_ARG", "0"}};

OrderRequest plain_order() { return {.user = "alice", .sku = "late-day"}; }

OrderRequest failing_order() {
  return {.user = "alice",
          .sku = "late-day",
          .failures = {{.step = "delivery.deliver", .kind = "TIMEOUT", .effect = "APPLIED"}},
          .handling = {.max_attempts = 2, .step_timeout_ms = 100}};
}

std::set<std::string> services_in(const Json& records) {
  std::set<std::string> services;
  for (const auto& record : records) services.insert(record.at("service").get<std::string>());
  return services;
}

std::set<std::string> names_in(const Json& spans, const std::string& service) {
  std::set<std::string> names;
  for (const auto& span : spans) {
    if (text_of(span, "service") == service) names.insert(span.at("name").get<std::string>());
  }
  return names;
}

/// The order's trace, once `complete(trace)`; the test fails where it does not get there.
template <class Complete>
Json trace_of(Client& client, const std::string& id, Complete complete) {
  Answer answer;
  EXPECT_TRUE(eventually([&] {
    answer = client.send("GET", "/v1/orders/" + id + "/trace");
    return answer.status == 200 && complete(answer.body);
  })) << answer;
  return answer.body;
}

bool has_all_services(const Json& trace) {
  return services_in(trace.at("spans")) == kAll && services_in(trace.at("logs")) == kAll;
}

TEST(TelemetryStore, HasTheLogsAndSpansOfAnOrderFromAllServicesUnderOneTrace) {
  Marketplace market(with_store());
  auto client = market.client();
  const auto order = client.place(plain_order()).body;
  const auto trace = trace_of(client, order.at("id"), [](const Json& found) {
    // The saga and three steps as both sides see them; accept and finish have records, too.
    return has_all_services(found) && found.at("spans").size() >= 7 && found.at("logs").size() >= 8;
  });
  EXPECT_EQ(trace.at("trace_id"), order.at("trace_id"));
  std::set<std::string> spans;
  for (const auto& span : trace.at("spans")) spans.insert(span.at("span_id").get<std::string>());
  for (const auto& span : trace.at("spans")) {
    if (span.at("name") == "order.saga") {
      EXPECT_TRUE(span.at("parent_span_id").is_null()) << span;
    } else {
      EXPECT_TRUE(spans.contains(text_of(span, "parent_span_id"))) << span;
    }
  }
  for (const auto& log : trace.at("logs")) {
    EXPECT_EQ(log.at("order_id"), order.at("id"));
    EXPECT_TRUE(spans.contains(text_of(log, "span_id"))) << "a log record of no span: " << log;
  }
  const auto page = client.send("GET", "/v1/orders/" + order.at("id").get<std::string>() + "/logs").body;
  EXPECT_EQ(page.at("logs"), trace.at("logs"));
}

TEST(TelemetryStore, AnswersOverTheApi) {
  Marketplace market(with_store());
  auto client = market.client();
  const std::string first = client.place(plain_order()).body.at("id");
  trace_of(client, first, has_all_services);
  const auto ask = [&](const std::string& query) {
    return client.send("GET", "/v1/logs" + query, client.operator_headers());
  };
  const auto page = ask("?order=" + first);
  EXPECT_EQ(services_in(page.body.at("logs")), kAll) << page;
  const std::string cursor = page.body.at("next_cursor");
  EXPECT_TRUE(ask("?after=" + cursor).body.at("logs").empty());

  const std::string second = client.place(failing_order()).body.at("id");
  std::set<std::string> seen;
  std::string next = cursor;
  EXPECT_TRUE(eventually([&] {  // record by record, nothing is shown twice and nothing left out
    const auto more = ask("?limit=1&after=" + next).body;
    for (const auto& log : more.at("logs")) {
      EXPECT_EQ(text_of(log, "order_id"), second);
      EXPECT_TRUE(seen.insert(log.dump()).second) << "twice: " << log;
    }
    next = more.at("next_cursor");
    // Accept and finish, and seven attempts as both sides tell of them.
    return seen.size() >= 16 &&
           seen.size() == client.send("GET", "/v1/orders/" + second + "/logs").body.at("logs").size();
  }));
  EXPECT_EQ(ask("?severity=WARN&service=delivery").body.at("logs").size(), 2U);
  EXPECT_EQ(ask("?limit=1").body.at("logs").at(0),
            client.send("GET", "/v1/orders/" + second + "/logs").body.at("logs").back());
  EXPECT_TRUE(ask("?after=2999-01-01T00:00:00Z").body.at("logs").empty());

  for (const std::string wrong :
       {"after=x", "after=2026-13-01T00:00:00Z", "severity=LOUD", "limit=0", "order=x", "x=y"}) {
    EXPECT_EQ(ask("?" + wrong).status, 400) << wrong;
  }
  EXPECT_EQ(client.send("GET", "/v1/logs").status, 401);
  const std::string nobody = "/v1/orders/01932c0e-7c1a-7000-8000-4f2f6c1de001";
  EXPECT_EQ(client.send("GET", nobody + "/logs").status, 404);
  EXPECT_EQ(client.send("GET", nobody + "/trace").status, 404);
  EXPECT_EQ(client.send("GET", "/v1/orders/" + first + "/logs?limit=x").status, 400);
}

TEST(TelemetryStore, IsKilledAndComesBackWithoutAnyOrderNoticing) {
  Marketplace market(with_store());
  auto client = market.client();
  std::vector<std::string> ids;
  const auto place_some = [&] {
    for (int i = 0; i < 5; ++i) {
      const auto answer = client.place(plain_order());
      ASSERT_EQ(answer.status, 201) << answer;
      EXPECT_EQ(answer.body.at("outcome"), "SUCCESS");
      ids.push_back(answer.body.at("id"));
    }
  };
  const TemporaryFolder folder;
  const auto followed = folder.path() / "followed.txt";
  Process follower({{program("ldt"), "logs", "--follow", "--data", market.data()}, followed, {}});
  place_some();
  market.kill_service("telemetry");
  place_some();
  for (const auto& id : ids) trace_of(client, id, has_all_services);
  EXPECT_TRUE(eventually([&] {
    const auto text = read_text(followed);
    return std::all_of(ids.begin(), ids.end(), [&](const auto& id) { return text.find(id) != std::string::npos; });
  })) << read_text(followed);
  EXPECT_TRUE(client.audit().at("ok").get<bool>());
}

TEST(TelemetryStore, IsNotNeededToStart) {
  Marketplace market(with_store());
  EXPECT_EQ(market.stop().exit_code, 0);
  const auto folder = market.data() / "telemetry";
  std::filesystem::rename(folder, market.data() / "moved");
  std::ofstream(folder) << "no folder";
  market.start();
  auto client = market.client();
  const auto order = client.place(plain_order()).body;
  EXPECT_EQ(order.at("outcome"), "SUCCESS");
  EXPECT_EQ(client.send("GET", "/v1/orders/" + order.at("id").get<std::string>() + "/trace").status, 503);
  std::filesystem::remove(folder);
  trace_of(client, order.at("id"), has_all_services);  // the services have kept it for the store meanwhile
}

TEST(TelemetryStore, TracesEveryOrderThatRevertsWhateverIsSampled) {
  Marketplace market(with_store({}, kHardlyAnyTrace));
  auto client = market.client();
  const auto completed = client.place(plain_order()).body;
  const auto reverted = client.place(failing_order()).body;
  EXPECT_EQ(reverted.at("outcome"), "TIMEOUT");
  const std::set<std::string> whole{"order.saga",      "payment.charge",    "inventory.reserve", "delivery.deliver",
                                    "delivery.revoke", "inventory.release", "payment.refund"};
  const auto trace = trace_of(client, reverted.at("id"), [&](const Json& found) {
    return names_in(found.at("spans"), "order") == whole &&
           names_in(found.at("spans"), "payment").contains("payment.refund");
  });
  std::set<std::string> spans;
  int attempts = 0;
  for (const auto& span : trace.at("spans")) {
    spans.insert(span.at("span_id").get<std::string>());
    if (span.at("name") != "delivery.deliver") continue;
    ++attempts;
    EXPECT_EQ(span.at("status"), "ERROR") << span;
    EXPECT_EQ(span.at("attributes").at("struck"), "TIMEOUT") << span;
  }
  EXPECT_EQ(attempts, 2);
  for (const auto& log : trace.at("logs")) {
    if (log.at("service") == "order") EXPECT_TRUE(spans.contains(text_of(log, "span_id"))) << log;
  }

  const std::string id = completed.at("id");
  EXPECT_TRUE(client.send("GET", "/v1/orders/" + id + "/trace").body.at("spans").empty());
  EXPECT_EQ(market.ldt({"trace", id}).exit_code, 1);
  const auto logs = market.ldt({"logs", id});
  EXPECT_EQ(logs.exit_code, 0);
  EXPECT_NE(logs.output.find("from the files"), std::string::npos) << logs.output;
  EXPECT_NE(logs.output.find("delivery.deliver SUCCESS"), std::string::npos) << logs.output;
  const auto page = client.send("GET", "/v1/logs", client.operator_headers());
  EXPECT_GT(page.body.at("left_out").get<int>(), 0) << page;
}

TEST(TelemetryStore, IsReadByTheCommandLine) {
  Marketplace market(with_store());
  auto client = market.client();
  const std::string id = client.place(failing_order()).body.at("id");
  const std::size_t spans = 15;  // the saga, and seven attempts as both sides see them
  trace_of(client, id, [&](const Json& found) { return found.at("spans").size() == spans; });
  const auto shown = [&](std::vector<std::string> words) {
    const auto finished = market.ldt(std::move(words));
    EXPECT_EQ(finished.exit_code, 0) << finished.output;
    return finished.output;
  };
  const auto trace = shown({"trace", id});
  for (const std::string wanted :
       {"order.saga", "! delivery.deliver #2", "payment.refund", "- +", "WARN", "struck: TIMEOUT"}) {
    EXPECT_NE(trace.find(wanted), std::string::npos) << wanted << " is not in\n" << trace;
  }
  EXPECT_EQ(trace.find("\033"), std::string::npos) << "colour where there is no terminal";
  EXPECT_EQ(Json::parse(shown({"trace", id, "--json"})).at("spans").size(), spans);

  std::istringstream warnings(shown({"logs", "--severity", "warn", "--service", "delivery", "--json"}));
  int count = 0;
  for (std::string line; std::getline(warnings, line); ++count) {
    const auto record = Json::parse(line);
    EXPECT_EQ(record.at("severity"), "WARN");
    EXPECT_EQ(record.at("service"), "delivery");
  }
  EXPECT_EQ(count, 2);
  EXPECT_NE(shown({"logs", id, "--text", "REFUND"}).find("payment.refund"), std::string::npos);
  const auto last = shown({"logs", "--since", "10m", "--limit", "1"});
  EXPECT_EQ(std::count(last.begin(), last.end(), '\n'), 1) << last;
  EXPECT_NE(last.find(id), std::string::npos) << last;
  EXPECT_EQ(market.ldt({"logs", "--since", "yesterday"}).exit_code, 2);
}

bool has_in_order(const std::string& text, const std::vector<std::string>& wanted) {
  std::size_t from = 0;
  for (const auto& each : wanted) {
    const auto found = text.find(each, from);
    if (found == std::string::npos) return false;
    from = found + each.size();
  }
  return true;
}

/// `ldt trace` comes to show all of this, in this order.
void expect_shown(Marketplace& market, const std::string& id, const std::vector<std::string>& wanted) {
  std::string shown;
  EXPECT_TRUE(eventually([&] {
    shown = market.ldt({"trace", id}).output;
    return has_in_order(shown, wanted);
  })) << shown;
}

TEST(TelemetryStore, HasAllOfAnOrderWhoseServicesCrashedOnTheWay) {
  Marketplace market(with_store());
  const auto crashing = [&](const std::string& step) {
    const auto placed = market.ldt({"order", "alice", "late-day", "1", "--fail", step + "=CRASH"});
    EXPECT_EQ(placed.exit_code, 0) << placed.output;
    const std::string id = placed.output.substr(std::string("order ").size(), 36);
    auto fresh = market.client();
    return std::pair{id, trace_of(fresh, id, [](const Json& trace) {
                       return has_all_services(trace) && names_in(trace.at("spans"), "order").contains("order.saga");
                     })};
  };
  const auto [id, trace] = crashing("payment.charge");
  expect_shown(market, id,
               {"order.saga", "! payment.charge", "struck: CRASH", "! payment.charge", "payment", "struck: CRASH",
                "payment.charge #2", "delivery.deliver", "order.finish COMPLETED"});
  EXPECT_FALSE(names_in(trace.at("spans"), "order").contains("order.recover")) << "order was not away";

  const auto [own_id, own_trace] = crashing("order.finish");
  expect_shown(
      market, own_id,
      {"order.saga", "goes on from trace " + text_of(own_trace, "trace_id"), "delivery.deliver", "! order.finish",
       "struck: CRASH", "order.accept RECOVERED", "delivery.deliver", "order.finish COMPLETED"});
}

TEST(TelemetryStore, HasAllOfAnOrderWhoseServiceWasKilledOnTheWay) {
  Marketplace market(with_store());
  auto client = market.client();
  OrderRequest request = failing_order();
  request.handling.step_timeout_ms = 1'000;
  const auto placed = client.place(request, {{"Prefer", "wait=0"}}).body;
  const std::string id = placed.at("id");
  trace_of(client, id,
           [](const Json& trace) { return names_in(trace.at("spans"), "order").contains("inventory.reserve"); });
  market.kill_service("order");  // while delivery keeps its answer to itself
  market.wait_until_ready();
  auto fresh = market.client();
  EXPECT_EQ(fresh.order_at_its_end(id).at("outcome"), "TIMEOUT");
  trace_of(fresh, id, [](const Json& trace) {
    return names_in(trace.at("spans"), "order").contains("order.saga") &&
           names_in(trace.at("spans"), "payment").contains("payment.refund");
  });
  expect_shown(
      market, id,
      {"! order.saga", "order.recover", "goes on from trace " + text_of(placed, "trace_id"), "order.accept SUCCESS",
       "inventory.reserve", "order.accept RECOVERED", "inventory.reserve", "! delivery.deliver", "struck: TIMEOUT",
       "delivery.revoke", "inventory.release", "payment.refund", "order.finish REVERTED"});
}

TEST(TelemetryStore, IsOffWhereTelemetryGoesElsewhere) {
  auto options = with_store({}, {{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://" + loopback(free_port())}});
  Marketplace market(options);
  auto client = market.client();
  const std::string id = client.place(plain_order()).body.at("id");
  const auto answer = client.send("GET", "/v1/orders/" + id + "/trace");
  EXPECT_EQ(answer.status, 503) << answer;
  EXPECT_EQ(answer.body.at("type"), "/errors/telemetry-unavailable");
  EXPECT_EQ(client.send("GET", "/v1/orders/" + id + "/logs").status, 503);
  EXPECT_EQ(client.send("GET", "/v1/logs", client.operator_headers()).status, 503);
  EXPECT_FALSE(std::filesystem::exists(market.data() / "run" / "telemetry.sock"));
  EXPECT_EQ(market.ldt({"trace", id}).exit_code, 1);
  EXPECT_TRUE(eventually([&] {
    return market.ldt({"logs", id}).output.find("delivery.deliver SUCCESS") != std::string::npos;
  })) << "the files have it all the same";
}

}  // namespace
}  // namespace ldt::testing
