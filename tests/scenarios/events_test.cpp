// Streams of events: what they tell, in which order, and that nobody who comes back misses an end.
#include <algorithm>
#include <set>

#include "support/event_stream.h"
#include "support/scenario.h"
#include "support/vitals.h"

namespace ldt::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

std::vector<std::string> names_of(const std::vector<StreamEvent>& events) {
  std::vector<std::string> names;
  for (const auto& event : events) names.push_back(event.name());
  return names;
}

/// "accepted", "payment.charge SUCCESS", "reverting", ... without the attempts that failed because the machine is slow.
std::vector<std::string> story_of(const std::vector<StreamEvent>& events) {
  std::vector<std::string> story;
  for (const auto& event : events) {
    if (event.type != "ldt.order.step.v1") {
      story.push_back(event.type.substr(10, event.type.size() - 13));
      continue;
    }
    const Json& step = event.data.at("data").at("step");
    const auto outcome = text_of(step, "outcome");
    const auto struck = text_of(step, "struck");
    if (struck.empty() && (outcome == "TIMEOUT" || outcome == "UNKNOWN")) continue;
    story.push_back(text_of(step, "step") + " " + outcome + (struck.empty() ? "" : " struck by " + struck));
  }
  return story;
}

bool is_end(const StreamEvent& event) {
  return event.type == "ldt.order.completed.v1" || event.type == "ldt.order.reverted.v1";
}

const std::vector<std::string> kSuccess{"accepted", "payment.charge SUCCESS", "inventory.reserve SUCCESS",
                                        "delivery.deliver SUCCESS", "completed"};
const std::vector<std::string> kRevertedByTimeout{"accepted",
                                                  "payment.charge SUCCESS",
                                                  "inventory.reserve SUCCESS",
                                                  "delivery.deliver TIMEOUT struck by TIMEOUT",
                                                  "delivery.deliver TIMEOUT struck by TIMEOUT",
                                                  "reverting",
                                                  "delivery.revoke SUCCESS",
                                                  "inventory.release SUCCESS",
                                                  "payment.refund SUCCESS",
                                                  "reverted"};

class Events : public Scenario {
 protected:
  OrderRequest plain() const { return {.user = user_, .sku = sku_}; }
  OrderRequest failing() const {
    auto request = plain();
    request.failures = {{.step = "delivery.deliver", .kind = "TIMEOUT", .effect = "APPLIED"}};
    request.handling = {.max_attempts = 2, .step_timeout_ms = 200};
    return request;
  }
  OrderRequest refused() const {
    auto request = plain();
    request.failures = {{.step = "delivery.deliver", .kind = "REFUSE"}};
    return request;
  }
  std::string place(const OrderRequest& request, const Headers& headers = {}) {
    const auto answer = client.place(request, headers);
    EXPECT_TRUE(answer.ok()) << answer;
    return text_of(answer.body, "id");
  }
  EventStream follow(const std::string& path = "/v1/events", const Headers& headers = {}) {
    EventStream stream(market.address(), path, headers);
    EXPECT_EQ(stream.status(), 200) << stream.head();
    return stream;
  }
  EventStream follow_order(const std::string& id, const Headers& headers = {}) {
    return follow("/v1/orders/" + id + "/events", headers);
  }
  static void expect_sound(const std::vector<StreamEvent>& events) {
    for (const auto& event : events) EXPECT_EQ(fault_of(event), "") << event.data;
  }

  const std::string user_ = new_user_with(1'000'000);
  const std::string sku_ = new_sku(1, 1'000'000);
};

TEST_F(Events, OfAnOrderAreToldFromItsBeginningToItsEndAndLaterAgainUnderTheSameIds) {
  const auto id = place(failing(), {{"Prefer", "wait=0"}});
  auto live = follow_order(id);
  ASSERT_TRUE(live.until_closed());
  EXPECT_TRUE(live.complete());
  expect_sound(live.events());
  EXPECT_EQ(story_of(live.events()), kRevertedByTimeout);
  auto again = follow_order(id);
  ASSERT_TRUE(again.until_closed());
  EXPECT_EQ(names_of(again.events()), names_of(live.events()));
  EXPECT_EQ(story_of(again.events()), kRevertedByTimeout);
  for (std::size_t i = 0; i < again.events().size(); ++i) EXPECT_EQ(again.events()[i].id, live.events()[i].id);
  auto rest = follow_order(id, {{"Last-Event-ID", live.events()[5].id}});
  ASSERT_TRUE(rest.until_closed());
  EXPECT_EQ(rest.events().size(), live.events().size() - 6);
  const std::string path = "/v1/orders/" + id + "/events";
  EXPECT_EQ(client.send("GET", path).status, 200);
  EXPECT_EQ(client.send("GET", path, {{"Last-Event-ID", live.last_id()}}).status, 204);
  EXPECT_EQ(client.send("GET", path + "?user=a").status, 400);
}

TEST_F(Events, OfAHeldOrderGoOnAfterARetry) {
  auto request = plain();
  request.failures = {{.step = "inventory.reserve", .kind = "UNKNOWN", .attempts = 1}};
  request.handling = {.max_attempts = 1, .on_failure = "HOLD"};
  const auto id = place(request);
  auto stream = follow_order(id);
  ASSERT_TRUE(stream.until([](const auto& event) { return event.type == "ldt.order.held.v1"; }));
  EXPECT_EQ(client.retry(id).status, 202);
  ASSERT_TRUE(stream.until_closed());
  EXPECT_EQ(
      story_of(stream.events()),
      (std::vector<std::string>{"accepted", "payment.charge SUCCESS", "inventory.reserve UNKNOWN struck by UNKNOWN",
                                "held", "inventory.reserve SUCCESS", "delivery.deliver SUCCESS", "completed"}));
}

TEST_F(Events, OfAllOrdersComeInTheOrderInWhichTheyHappened) {
  auto stream = follow();
  auto own = follow("/v1/events?user=" + percent_encoded(user_));
  auto others = follow("/v1/events?user=" + percent_encoded(new_user()));
  const auto good = place(plain());
  const auto bad = place(failing());
  ASSERT_TRUE(stream.end_of(bad));
  ASSERT_TRUE(own.end_of(bad));
  EXPECT_EQ(story_of(stream.events_of(good)), kSuccess);
  EXPECT_EQ(story_of(stream.events_of(bad)), kRevertedByTimeout);
  for (const auto& id : {good, bad}) EXPECT_EQ(names_of(own.events_of(id)), names_of(stream.events_of(id)));
  // The streams may be two replicas', which tell each other's orders a moment later, between their own.
  if (!runs_as_cluster()) EXPECT_EQ(names_of(own.events()), names_of(stream.events()));
  expect_sound(stream.events());
  others.read();
  EXPECT_TRUE(others.events().empty());
  auto replay = follow_order(bad);
  ASSERT_TRUE(replay.until_closed());
  EXPECT_EQ(names_of(replay.events()), names_of(stream.events_of(bad)));
}

TEST_F(Events, OfAnOrderThatIsUnderWayAreToldFromItsBeginning) {
  auto request = plain();
  request.failures = {{.step = "delivery.deliver", .kind = "DELAY", .delay_ms = 300}};
  const auto id = place(request, {{"Prefer", "wait=0"}});
  (void)client.order(id);
  auto stream = follow();
  ASSERT_TRUE(stream.end_of(id));
  EXPECT_EQ(story_of(stream.events_of(id)).front(), "accepted");
  EXPECT_EQ(story_of(stream.events_of(id)).back(), "completed");
}

TEST_F(Events, ThatHappenedMeanwhileAreToldToAReaderWhoComesBack) {
  std::string last_id;
  {
    auto stream = follow();
    ASSERT_TRUE(stream.end_of(place(plain())));
    last_id = stream.last_id();
  }
  std::vector<std::string> missed{place(plain()), place(refused()), place(plain())};
  auto stream = follow("/v1/events", {{"Last-Event-ID", last_id}});
  ASSERT_TRUE(stream.end_of(missed.back()));
  for (const auto& id : missed) EXPECT_EQ(story_of(stream.events_of(id)).front(), "accepted");
  const auto names = names_of(stream.events());
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size()) << "told twice";
  std::set<std::string> orders;
  for (const auto& event : stream.events()) {
    // Another replica goes by the clock: it may tell again what ended shortly before, as a whole.
    const bool told_again = runs_as_cluster() && std::find(missed.begin(), missed.end(), event.order()) == missed.end();
    if (!told_again) orders.insert(event.order());
    if (told_again) EXPECT_EQ(story_of(stream.events_of(event.order())).front(), "accepted") << event.data;
  }
  EXPECT_EQ(orders, std::set<std::string>(missed.begin(), missed.end())) << "told too much";
}

TEST_F(Events, OfOrdersThatEndedWhileTheServiceWasKilledAreToldToAReaderWhoComesBack) {
  std::string last_id;
  std::vector<std::string> ids;
  {
    auto stream = follow();
    ASSERT_TRUE(stream.end_of(place(plain())));
    auto slow = plain();
    slow.failures = {{.step = "delivery.deliver", .kind = "DELAY", .delay_ms = 400}};
    auto held = plain();
    held.failures = {{.step = "payment.charge", .kind = "UNKNOWN", .attempts = 1}};
    held.handling = {.max_attempts = 1, .on_failure = "HOLD"};
    ids.push_back(place(held));
    for (int i = 0; i < 20; ++i) ids.push_back(place(slow, {{"Prefer", "wait=0"}}));
    stream.read();
    last_id = stream.last_id();
  }
  market.kill_service("order");
  market.wait_until_ready();
  Client fresh = market.client();
  for (int i = 0; i < 5; ++i) ids.push_back(text_of(fresh.place(i % 2 == 0 ? plain() : refused()).body, "id"));
  for (const auto& id : ids) {
    if (id != ids.front()) (void)fresh.order_at_its_end(id);
  }
  // Comes back twice: a reader who is cut off while it is told what it missed goes on from there.
  std::set<std::string> ended;
  for (int round = 0; round < 2; ++round) {
    auto stream = follow("/v1/events", {{"Last-Event-ID", last_id}});
    const auto wanted = round == 0 ? ids[7] : ids.back();
    ASSERT_TRUE(stream.end_of(wanted)) << "round " << round << ": the end of an order was not told";
    expect_sound(stream.events());
    for (const auto& event : stream.events()) {
      if (is_end(event)) ended.insert(event.order());
      if (event.order() == wanted) last_id = event.id;
    }
    if (round > 0) break;
    EXPECT_EQ(fresh.retry(ids.front()).status, 202);  // an order from before the place that the reader has come to
    (void)fresh.order_at_its_end(ids.front());
  }
  for (const auto& id : ids) EXPECT_TRUE(ended.contains(id)) << "nobody told the end of " << id;
}

TEST_F(Events, OfOrdersThatAreHeldOrStuckMeanwhileAreToldToAReaderWhoComesBack) {
  std::string last_id;
  {
    auto stream = follow();
    ASSERT_TRUE(stream.end_of(place(plain())));
    last_id = stream.last_id();
  }
  auto held = plain();
  held.failures = {{.step = "inventory.reserve", .kind = "UNKNOWN", .attempts = 1}};
  held.handling = {.max_attempts = 1, .on_failure = "HOLD"};
  const auto held_id = place(held);
  market.kill_service("order");  // nothing is remembered of what was told
  market.wait_until_ready();
  Client fresh = market.client();
  auto stuck = refused();
  stuck.failures.push_back({.step = "payment.refund", .kind = "UNKNOWN", .attempts = 13});
  const auto stuck_id = text_of(fresh.place(stuck, {{"Prefer", "wait=0"}}).body, "id");
  const auto push = [&] {
    return fresh.send("POST", "/v1/sagas/" + stuck_id + "/retry", fresh.operator_headers()).status;
  };
  ASSERT_TRUE(eventually([&] {
    (void)push();
    const auto sagas = fresh.send("GET", "/v1/sagas?state=STUCK", fresh.operator_headers());
    return sagas.body.dump().find(stuck_id) != std::string::npos;
  }));

  const auto back = [&](const std::string& query, const std::string& id, const std::string& type) {
    auto stream = follow("/v1/events" + query, {{"Last-Event-ID", last_id}});
    const auto told = stream.until([&](const auto& event) { return event.order() == id && event.type == type; });
    ASSERT_TRUE(told.has_value()) << id << " was not told as " << type;
    expect_sound(stream.events());
    EXPECT_EQ(told->id, last_id) << "a reader who is cut off here has not been told the rest";
    EXPECT_EQ(story_of(stream.events_of(id)).front(), "accepted");
  };
  back("", held_id, "ldt.order.held.v1");
  back("", stuck_id, "ldt.order.stuck.v1");
  back("?user=" + percent_encoded(user_), held_id, "ldt.order.held.v1");
  back("?max_rate=1", stuck_id, "ldt.order.stuck.v1");

  auto others = follow("/v1/events?user=" + percent_encoded(new_user()), {{"Last-Event-ID", last_id}});
  auto stream = follow("/v1/events?user=" + percent_encoded(user_), {{"Last-Event-ID", last_id}});
  EXPECT_EQ(fresh.retry(held_id).status, 202);
  ASSERT_TRUE(stream.end_of(held_id)) << "after it was told to be held, it goes on";
  EXPECT_TRUE(eventually([&] {
    (void)push();
    return is_final(fresh.order(stuck_id));
  }));
  ASSERT_TRUE(stream.end_of(stuck_id));
  others.read();
  EXPECT_TRUE(others.events().empty()) << others.events().front().data;
}

TEST_F(Events, AtALimitedRateLeaveOutWholeOrdersAndTellFailingOnesFirst) {
  constexpr int kRate = 4;
  auto stream = follow("/v1/events?max_rate=" + std::to_string(kRate) + "&user=" + percent_encoded(user_));
  const auto began = steady_clock::now();
  std::string bad;
  in_parallel(120, 4, [&](int i) {
    Client own = market.client();
    if (i != 60) return (void)own.place(plain());
    bad = text_of(own.place(refused()).body, "id");
  });
  const auto took = std::chrono::duration_cast<seconds>(steady_clock::now() - began).count();
  ASSERT_TRUE(stream.end_of(bad)) << "an order that failed was left out";
  std::map<std::string, std::vector<StreamEvent>> orders;
  (void)eventually([&] {  // until those that were begun have ended
    stream.read();
    orders.clear();
    for (const auto& event : stream.events()) orders[event.order()].push_back(event);
    return std::all_of(orders.begin(), orders.end(), [](const auto& order) {
      const auto last = order.second.back().type;
      return last == "ldt.order.completed.v1" || last == "ldt.order.reverted.v1";
    });
  });
  EXPECT_LE(static_cast<long>(orders.size()), kRate * (took + 2));
  EXPECT_GE(orders.size(), 2U);
  for (const auto& [id, events] : orders) {
    if (id != bad) EXPECT_EQ(story_of(events), kSuccess);
    EXPECT_EQ(events.front().type, "ldt.order.accepted.v1");
  }
}

TEST_F(Events, ReachAHundredReadersAtOnce) {
  std::vector<EventStream> readers;
  for (int i = 0; i < 100; ++i) readers.push_back(follow());
  const auto id = place(plain());
  for (auto& reader : readers) {
    ASSERT_TRUE(reader.end_of(id));
    EXPECT_EQ(story_of(reader.events_of(id)), kSuccess);
  }
}

TEST_F(Events, HaveAMostOfReadersWhoMakeRoomWhenTheyGo) {
  constexpr std::size_t kMost = 1'000;
  const auto address = market.http_address();  // each replica has a most of its own
  Client one(address, "");
  std::vector<std::unique_ptr<EventStream>> readers;
  int status = 200;
  while (status == 200 && readers.size() <= kMost) {
    for (int i = 0; i < 100; ++i) readers.push_back(std::make_unique<EventStream>(address, "/v1/events"));
    for (auto& reader : readers) status = std::max(status, reader->status());
  }
  EXPECT_EQ(status, 503);
  EXPECT_EQ(expect_problem(one.send("GET", "/v1/events"), 503).at("type"), "/errors/overloaded");
  readers.clear();
  EXPECT_TRUE(eventually([&] { return EventStream(address, "/v1/events").status() == 200; }, seconds(5)));
}

TEST_F(Events, ThatNobodyReadsAreCutOffAndHoldNobodyUp) {
  constexpr int kOrders = 3'500;  // more than is kept for readers who are behind
  const auto pid = market.pid_of("order");
  const auto before = vitals_of(pid).resident_kib;
  const auto address = market.http_address();  // of one replica: a balancer would read on for the deaf one
  EventStream deaf(address, "/v1/events");
  EventStream attentive(address, "/v1/events");
  ASSERT_EQ(attentive.status(), 200);
  std::atomic<int> placed = 0;
  std::atomic<long> slowest_ms = 0;
  std::jthread placing([&] {
    in_parallel(kOrders, 8, [&](int) {
      thread_local Client own(address, "");
      const auto sent = steady_clock::now();
      if (own.place(plain()).ok()) ++placed;
      const long ms = std::chrono::duration_cast<milliseconds>(steady_clock::now() - sent).count();
      if (ms > slowest_ms) slowest_ms = ms;
    });
  });
  (void)eventually(
      [&] {
        attentive.read();
        return placed == kOrders;
      },
      seconds(60));
  placing.join();
  EXPECT_EQ(placed, kOrders);
  EXPECT_TRUE(attentive.end_of(place(plain()))) << "a reader who reads was cut off";
  EXPECT_LT(slowest_ms, 5'000);
  if (!is_sanitized(pid)) EXPECT_LT(vitals_of(pid).resident_kib - before, 100 * 1024);
  EXPECT_TRUE(deaf.until_closed(seconds(10))) << "a reader who does not read was not cut off";
  EXPECT_FALSE(deaf.complete());
  EXPECT_LT(deaf.events().size(), attentive.events().size());
  const auto missed = attentive.events().back();
  auto back = follow("/v1/events", {{"Last-Event-ID", deaf.last_id()}});
  EXPECT_TRUE(back.end_of(missed.order())) << "a reader who was cut off was not told what it missed";
}

TEST_F(Events, AreRefusedWhereTheRequestMakesNoSense) {
  for (const std::string path : {"/v1/events?max_rate=0", "/v1/events?max_rate=many", "/v1/events?user=",
                                 "/v1/events?usr=a", "/v1/activity?seconds=0", "/v1/activity?seconds=601"}) {
    EXPECT_EQ(expect_problem(client.send("GET", path), 400).at("type"), "/errors/invalid-parameter") << path;
  }
  for (const std::string id :
       {"x", "1-2-3", "1-2-3-4-5-6", "ffffffffffffffffff-1-1-1-1", "-1-2-3-4", "1-1-1-1-ffffffffffffffff"}) {
    EXPECT_EQ(expect_problem(client.send("GET", "/v1/events", {{"Last-Event-ID", id}}), 400).at("type"),
              "/errors/invalid-parameter")
        << id;
  }
  const std::string nobody = "/v1/orders/01932c0e-7a4f-7c3e-9d1b-2f5a8c4e6b70/events";
  EXPECT_EQ(expect_problem(client.send("GET", nobody), 404).at("type"), "/errors/order-not-found");
  EXPECT_EQ(client.send("HEAD", nobody).status, 404);
  EXPECT_EQ(client.send("HEAD", "/v1/events").status, 200);
  EXPECT_EQ(client.send("HEAD", "/v1/events").header("content-type"), "text/event-stream");
  EXPECT_EQ(client.send("POST", "/v1/events").status, 405);
  EXPECT_EQ(client.send("DELETE", nobody).status, 405);
  EXPECT_EQ(client.send("OPTIONS", "/v1/events").header("allow"), "GET, HEAD, OPTIONS");
}

TEST_F(Events, LetAConnectionGoOnAfterTheStreamHasEnded) {
  const auto id = place(plain());
  const std::string path = "/v1/orders/" + id + "/events";
  RawSocket socket(market.address());
  const std::string twice =
      "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  const auto received = socket.exchange(twice, false, seconds(5));
  EXPECT_TRUE(received.closed);
  EXPECT_NE(received.bytes.find("\r\n0\r\n\r\nHTTP/1.1 200 OK"), std::string::npos) << received.bytes;
  EXPECT_TRUE(received.bytes.ends_with("{\"alive\":true}")) << received.bytes;
  RawSocket old(market.address());
  const auto plain_body = old.exchange("GET " + path + " HTTP/1.0\r\n\r\n", false, seconds(5));
  EXPECT_TRUE(plain_body.closed) << "HTTP/1.0 knows the end of a stream by the connection's";
  EXPECT_EQ(plain_body.bytes.find("chunked"), std::string::npos);
  EXPECT_NE(plain_body.bytes.find("\r\n\r\nretry: "), std::string::npos) << plain_body.bytes;
}

TEST_F(Events, EndPromptlyWhenTheServiceStops) {
  auto stream = follow();
  const auto pids = market.processes_of("order");
  const auto began = steady_clock::now();
  for (const auto pid : pids) kill(pid, SIGTERM);
  EXPECT_TRUE(stream.until_closed(seconds(5)));
  EXPECT_TRUE(stream.complete()) << "the stream was broken off";
  EXPECT_TRUE(eventually([&] { return std::none_of(pids.begin(), pids.end(), is_running); }, seconds(5)));
  EXPECT_LT(steady_clock::now() - began, seconds(4));
  market.wait_until_ready();
}

TEST_F(Events, AreCountedBySecond) {
  Client one(market.http_address(), "");  // each replica counts what it drives
  const auto of = [&](const char* word) {
    return one.send("GET", "/v1/activity").body.at("totals").at(word).get<int>();
  };
  const int accepted = of("accepted");
  const int reverted = of("reverted");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(one.place(plain()).status, 201);
  EXPECT_EQ(one.place(refused()).status, 201);
  EXPECT_GE(of("accepted"), accepted + 4);
  EXPECT_GE(of("reverted"), reverted + 1);
  Json activity;
  const auto sum = [&](const char* word) {
    int total = 0;
    for (const auto& second : activity.at("series")) total += second.at(word).get<int>();
    return total;
  };
  const auto total = [&](const char* word) { return activity.at("totals").at(word).get<int>(); };
  EXPECT_TRUE(eventually([&] {  // once the seconds are over in which the last was accepted, and ended
    activity = one.send("GET", "/v1/activity?seconds=600").body;
    return sum("accepted") >= accepted + 4 &&
           sum("completed") + sum("reverted") == total("completed") + total("reverted");
  })) << activity;
  std::string before;
  for (const auto& second : activity.at("series")) {
    EXPECT_LT(before, text_of(second, "at"));
    before = text_of(second, "at");
    const bool idle = second.at("completed").get<int>() + second.at("reverted").get<int>() == 0;
    EXPECT_EQ(second.at("p99_us").is_null(), idle);
    if (!idle) EXPECT_LE(second.at("p50_us").get<long>(), second.at("p99_us").get<long>());
  }
  EXPECT_EQ(one.send("GET", "/v1/activity?seconds=1").body.at("series").size(), 1U);
}

}  // namespace
}  // namespace ldt::testing
