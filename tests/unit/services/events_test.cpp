// What readers of events are told: the history of an order, places to go on from, whom a limited reader hears of.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "services/order/events/activity.h"
#include "services/order/events/event_log.h"
#include "services/order/events/follower.h"
#include "services/order/events/open_orders.h"
#include "services/order/events/order_event.h"
#include "services/order/events/position.h"

namespace ldt::order {
namespace {

using saga::OrderState;
using saga::Outcome;
using saga::Step;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t kAccepted = 1'700'000'000'000'000;

Attempt attempt(Step step, std::uint32_t number, Outcome outcome, std::int64_t began_us) {
  return {step, number, outcome, {kAccepted + began_us}, microseconds(10)};
}

OrderView completed() {
  OrderView order;
  order.user = *UserName::parse("al\"ice");
  order.sku = *Sku::parse("late-day");
  order.quantity = {2};
  order.total = {20};
  order.created_at = {kAccepted};
  order.attempts = {attempt(Step::kCharge, 1, Outcome::kSuccess, 100),
                    attempt(Step::kReserve, 1, Outcome::kSuccess, 200),
                    attempt(Step::kDeliver, 1, Outcome::kSuccess, 300)};
  order.state = OrderState::kCompleted;
  order.outcome = Outcome::kSuccess;
  order.finished_at = WallTime{kAccepted + 400};
  return order;
}

OrderView reverted() {
  OrderView order = completed();
  order.attempts[2].outcome = Outcome::kTimeout;
  order.attempts.push_back(attempt(Step::kDeliver, 2, Outcome::kTimeout, 400));
  order.attempts.push_back(attempt(Step::kRevoke, 1, Outcome::kSuccess, 500));
  order.attempts.push_back(attempt(Step::kRelease, 1, Outcome::kSuccess, 600));
  order.attempts.push_back(attempt(Step::kRefund, 1, Outcome::kSuccess, 700));
  order.state = OrderState::kReverted;
  order.outcome = order.reason = Outcome::kTimeout;
  order.failed_step = Step::kDeliver;
  order.finished_at = WallTime{kAccepted + 800};
  return order;
}

std::vector<std::string> ids_of(const OrderView& order) {
  std::vector<std::string> ids;
  for (const auto& event : events_of(order)) ids.push_back(event_id(event, order));
  return ids;
}

TEST(OrderEvents, TellACompletedOrderStepByStep) {
  EXPECT_EQ(ids_of(completed()),
            (std::vector<std::string>{"accepted", "payment.charge.1.100", "inventory.reserve.1.200",
                                      "delivery.deliver.1.300", "completed"}));
}

TEST(OrderEvents, TellThatAnOrderIsRevertedBeforeItsFirstUndo) {
  EXPECT_EQ(
      ids_of(reverted()),
      (std::vector<std::string>{"accepted", "payment.charge.1.100", "inventory.reserve.1.200", "delivery.deliver.1.300",
                                "delivery.deliver.2.400", "reverting", "delivery.revoke.1.500",
                                "inventory.release.1.600", "payment.refund.1.700", "reverted"}));
  EXPECT_EQ(events_of(reverted())[5].at.us, kAccepted + 500);
}

TEST(OrderEvents, LeaveOutWhatIsUnderWay) {
  OrderView order = completed();
  order.state = OrderState::kRunning;
  order.finished_at.reset();
  order.attempts[2].outcome = Outcome::kNone;
  EXPECT_EQ(ids_of(order).back(), "inventory.reserve.1.200");
  order.state = OrderState::kHeld;
  order.attempts[2].outcome = Outcome::kUnknown;
  EXPECT_EQ(ids_of(order).back(), "held.delivery.deliver.1");
}

TEST(OrderEvents, NameTheStepThatIsStuckEvenWhileItIsTriedOrWasNeverStored) {
  OrderView order = reverted();
  order.state = OrderState::kReverting;
  order.finished_at.reset();
  order.stuck = true;
  order.attempts.back().outcome = Outcome::kUnknown;
  EXPECT_EQ(ids_of(order).back(), "stuck.payment.refund");
  order.attempts.back().outcome = Outcome::kNone;
  EXPECT_EQ(ids_of(order).back(), "stuck.payment.refund");
  EXPECT_EQ(ids_of(order)[ids_of(order).size() - 2], "inventory.release.1.600");
  order.attempts.erase(order.attempts.begin() + 4, order.attempts.end() - 1);
  EXPECT_EQ(ids_of(order).back(), "stuck.payment.refund");
}

TEST(OrderEvents, OfALongerHistoryBeginWithThoseOfTheShorter) {
  const auto whole = ids_of(reverted());
  OrderView order = reverted();
  for (std::size_t kept = order.attempts.size(); kept-- > 0;) {
    order.attempts.resize(kept);
    order.state = kept > 4 ? OrderState::kReverting : OrderState::kRunning;
    order.finished_at.reset();
    const auto part = ids_of(order);
    EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin())) << kept;
  }
}

TEST(OrderEvents, NameTheInstructionThatStruckAnAttempt) {
  OrderView order = reverted();
  order.failures = {{{.step = Step::kDeliver, .kind = saga::FailureKind::kTimeout, .attempts = 1}, 1},
                    {{.step = Step::kDeliver, .kind = saga::FailureKind::kCrash, .attempts = 1}, 1},
                    {{.step = Step::kRefund, .kind = saga::FailureKind::kUnknown, .attempts = 1}, 0}};
  const auto events = events_of(order);
  EXPECT_EQ(events[1].struck, "");
  EXPECT_EQ(events[3].struck, "TIMEOUT");
  EXPECT_EQ(events[4].struck, "CRASH");
  EXPECT_EQ(events[8].struck, "") << "it has not struck";
}

TEST(OrderEvents, AreOneLineOfJsonInAFrame) {
  const OrderView order = completed();
  std::string frame;
  append_frame(frame, "place", events_of(order)[1], order);
  const std::string begin =
      "id: place\nevent: ldt.order.step.v1\ndata: {\"specversion\":\"1.0\",\"id\":\"payment.charge.1.100\",";
  EXPECT_EQ(frame.substr(0, begin.size()), begin);
  EXPECT_EQ(std::count(frame.begin(), frame.end(), '\n'), 4);
  EXPECT_NE(frame.find("\"user\":\"al\\\"ice\""), std::string::npos);
  EXPECT_NE(frame.find("\"time\":\"2023-11-14T22:13:20.000110Z\""), std::string::npos) << frame;
  EXPECT_NE(frame.find("\"state\":\"RUNNING\",\"outcome\":null,\"failed_step\":null"), std::string::npos) << frame;
}

TEST(Position, IsReadAsItWasWritten) {
  const Position plain{7, 1, {{kAccepted}, 4, 5}, {}};
  EXPECT_EQ(parse_position(to_string(plain)), plain);
  const Position catching_up{UINT64_MAX, UINT64_MAX, {{0}, INT64_MAX, 5}, Mark{{3}, 2, 0}};
  EXPECT_EQ(parse_position(to_string(catching_up)), catching_up);
  for (const std::string text : {"", "-", "1", "1-2-3-4", "1-2-3-4-5-6", "1-2-3-4-5-6-7-8", "1-2-3-4-5-", "1-2--4-5",
                                 "1-2-3-4-g", "1-2-3-4--5", "1-2-3-4-8000000000000000", " 1-2-3-4-5", "0x1-2-3-4-5"}) {
    EXPECT_FALSE(parse_position(text)) << text;
  }
}

TEST(OpenOrders, WithGapsAreKnownByTheirRowsAlone) {
  OpenOrders orders;
  orders.begin(1'000'000'000'000, true);
  EXPECT_EQ(orders.oldest(), 1'000'000'000'001);
  orders.open(3'000'000'000'000);
  orders.open(2'000'000'000'000);   // accepted later, under an earlier row
  orders.open(500);                 // recovered
  orders.close(9'000'000'000'000);  // never accepted here
  EXPECT_EQ(orders.newest(), 3'000'000'000'000);
  EXPECT_EQ(orders.oldest(), 500);
  orders.close(500);
  EXPECT_EQ(orders.oldest(), 2'000'000'000'000);
  orders.close(2'000'000'000'000);
  orders.close(3'000'000'000'000);
  EXPECT_EQ(orders.oldest(), 3'000'000'000'001);
}

TEST(OpenOrders, KnowTheOldestThatHasNotEnded) {
  OpenOrders orders;
  orders.begin(10);
  EXPECT_EQ(orders.oldest(), 11);
  orders.open(3);  // found at the start
  orders.open(11);
  orders.open(12);
  EXPECT_EQ(orders.oldest(), 3);
  orders.close(3);
  EXPECT_EQ(orders.oldest(), 11);
  orders.close(12);
  EXPECT_EQ(orders.oldest(), 11);
  orders.close(11);
  EXPECT_EQ(orders.oldest(), 13);
  orders.open(15);  // 13 and 14 are stored, but nobody says that they were accepted
  EXPECT_EQ(orders.oldest(), 13);
  orders.close(13);
  orders.close(14);
  EXPECT_EQ(orders.oldest(), 15);
  orders.close(15);
  orders.close(16);  // ended without having been accepted
  orders.open(17);
  EXPECT_EQ(orders.oldest(), 17);
}

TEST(OpenOrders, AreThoseOfASetWhateverEndsWhen) {
  OpenOrders orders;
  orders.begin(0);
  std::set<std::int64_t> open;
  std::uint64_t random = 42;
  for (std::int64_t row = 1; row < 300'000; ++row) {
    orders.open(row);
    open.insert(row);
    random = random * 6364136223846793005 + 1442695040888963407;
    const bool stays_long = row % 50'000 == 7;
    if (!stays_long && open.size() > 500) {
      auto ends = open.begin();
      std::advance(ends, static_cast<std::ptrdiff_t>(8 + (random >> 33) % 300));
      orders.close(*ends);
      open.erase(ends);
    }
    if (row % 100'000 == 0) {  // one that was open very long
      orders.close(*open.begin());
      open.erase(open.begin());
    }
    ASSERT_EQ(orders.oldest(), *open.begin()) << row;
  }
}

SteadyTime at(milliseconds time) { return SteadyTime(seconds(100) + time); }

TEST(BeginRate, LetsSoManyBeginInASecond) {
  BeginRate rate(4);
  int begun = 0;
  for (int i = 0; i < 100; ++i) begun += rate.take(false, at(milliseconds(i))) ? 1 : 0;
  EXPECT_EQ(begun, 3) << "a quarter is kept for those that fail";
  EXPECT_TRUE(rate.take(true, at(milliseconds(200))));
  EXPECT_FALSE(rate.take(true, at(milliseconds(300))));
  EXPECT_TRUE(rate.take(true, at(milliseconds(1'000))));
}

TEST(BeginRate, LeavesTheWholeSecondToFailingOrdersWhereThereAreEnough) {
  BeginRate rate(4);
  for (int i = 0; i < 10; ++i) (void)rate.take(true, at(milliseconds(i)));
  EXPECT_FALSE(rate.take(false, at(milliseconds(1'001))));
  EXPECT_TRUE(rate.take(true, at(milliseconds(1'002))));
  EXPECT_TRUE(rate.take(false, at(milliseconds(4'000)))) << "none failed lately";
}

TEST(BeginRate, OfOneASecondServesBothKinds) {
  BeginRate rate(1);
  EXPECT_TRUE(rate.take(false, at(milliseconds(0))));
  EXPECT_FALSE(rate.take(true, at(milliseconds(1))));
  EXPECT_FALSE(rate.take(false, at(milliseconds(1'000))));
  EXPECT_TRUE(rate.take(true, at(milliseconds(1'001))));
}

const UserName kAlice = *UserName::parse("alice");
const UserName kBob = *UserName::parse("bob");

TEST(Follower, HearsEverythingOfOrdersThatBeginAfterIt) {
  Follower follower({.begun_through = 5});
  EXPECT_EQ(follower.hear(EventKind::kAccepted, 6, kAlice, at({})), Telling::kEvent);
  EXPECT_EQ(follower.hear(EventKind::kCompleted, 6, kBob, at({})), Telling::kEvent);
}

TEST(Follower, IsToldOfAnOlderOrderFromItsBeginningOnce) {
  Follower follower({.begun_through = 5});
  EXPECT_EQ(follower.hear(EventKind::kStep, 5, kAlice, at({})), Telling::kFromTheBeginning);
  EXPECT_EQ(follower.hear(EventKind::kStep, 5, kAlice, at({})), Telling::kEvent);
  EXPECT_EQ(follower.hear(EventKind::kCompleted, 5, kAlice, at({})), Telling::kEvent);
}

TEST(Follower, OfOneUserHearsOfNobodyElse) {
  Follower follower({.user = kAlice});
  EXPECT_EQ(follower.hear(EventKind::kAccepted, 6, kBob, at({})), Telling::kNothing);
  EXPECT_EQ(follower.hear(EventKind::kAccepted, 7, kAlice, at({})), Telling::kEvent);
}

TEST(Follower, AtALimitedRateHearsAllOfAnOrderOrNothing) {
  Follower follower({.max_rate = 1, .begun_through = 5});
  EXPECT_EQ(follower.hear(EventKind::kAccepted, 6, kAlice, at({})), Telling::kFromTheBeginning);
  EXPECT_EQ(follower.hear(EventKind::kAccepted, 7, kAlice, at({})), Telling::kNothing);
  const auto later = at(milliseconds(2'500));
  EXPECT_EQ(follower.hear(EventKind::kStep, 7, kAlice, later), Telling::kNothing);
  EXPECT_EQ(follower.hear(EventKind::kStep, 6, kAlice, later), Telling::kEvent);
  EXPECT_EQ(follower.hear(EventKind::kReverting, 7, kAlice, later), Telling::kFromTheBeginning);
  EXPECT_EQ(follower.hear(EventKind::kReverted, 7, kAlice, later), Telling::kEvent);
  EXPECT_EQ(follower.hear(EventKind::kCompleted, 6, kAlice, later), Telling::kEvent);
}

TEST(Follower, IsAlwaysToldWhatItMayHaveBegunToHear) {
  Follower follower({.max_rate = 1, .owed_through = 3, .begun_through = 5});
  EXPECT_EQ(follower.hear(EventKind::kAccepted, 6, kAlice, at({})), Telling::kFromTheBeginning);
  EXPECT_EQ(follower.hear(EventKind::kCompleted, 3, kAlice, at({})), Telling::kFromTheBeginning);
  EXPECT_EQ(follower.hear(EventKind::kCompleted, 4, kAlice, at({})), Telling::kNothing);
}

Happening happening(std::int64_t row) {
  OrderView order = completed();
  return {events_of(order).back(), order, row, {{kAccepted}, row, row}, false};
}

TEST(EventLog, KeepsWhatFitsAndKnowsHowFarItReaches) {
  EventLog log(9, 4'000);
  const Position start = log.position(log.end());
  EXPECT_TRUE(log.reaches(start));
  log.add(happening(1));
  EXPECT_TRUE(log.reaches(start));
  for (std::int64_t row = 2; row < 100; ++row) log.add(happening(row));
  EXPECT_FALSE(log.reaches(start)) << "forgotten";
  EXPECT_LT(log.end() - log.begin(), 10U);
  EXPECT_TRUE(log.reaches(log.position(log.begin())));
  const Position end = log.position(log.end());
  EXPECT_FALSE(log.reaches({8, end.next, end.mark, {}})) << "of another process";
  EXPECT_FALSE(log.reaches({9, end.next + 1, end.mark, {}})) << "not yet";
  log.interrupt();
  EXPECT_FALSE(log.reaches(end)) << "something is missing in between";
  EXPECT_TRUE(log.reaches(log.position(log.end())));
}

TEST(EventLog, GivesEachEventThePlaceBehindIt) {
  EventLog log(9, 1'000'000);
  log.add(happening(1));
  const auto index = log.begin();
  const std::string& frame = log.frame(index);
  const auto place = parse_position(frame.substr(4, frame.find('\n') - 4));
  ASSERT_TRUE(place);
  EXPECT_EQ(place->next, index + 1);
  EXPECT_GE(place->mark.newest, 1);
  EXPECT_EQ(&log.frame(index), &frame) << "made once";
  const std::string& whole = log.whole(index);
  EXPECT_TRUE(whole.ends_with(frame));
  EXPECT_EQ(parse_position(whole.substr(4, whole.find('\n') - 4))->next, index) << "the place before all of it";
}

class TestClock final : public Clock {
 public:
  [[nodiscard]] SteadyTime steady() const override { return SteadyTime(microseconds(5'000'000'300'000 + us)); }
  [[nodiscard]] WallTime wall() const override { return {kAccepted + 300'000 + us}; }
  std::int64_t us = 0;
};

OrderRow row_of(OrderState state, std::int64_t latency_us) {
  OrderRow row;
  row.state = state;
  row.reason = state == OrderState::kReverted ? Outcome::kTimeout : Outcome::kNone;
  row.created_at = {kAccepted};
  row.finished_at = WallTime{kAccepted + latency_us};
  return row;
}

TEST(Activity, CountsBySecondIdleOnesIncluded) {
  TestClock clock;
  Activity activity(clock);
  EXPECT_TRUE(activity.report(600).seconds.empty());
  activity.accepted(row_of(OrderState::kRunning, 0), false);
  activity.accepted(row_of(OrderState::kRunning, 0), true);  // by the process before
  activity.rests({1, 0, 0});
  clock.us += 2'000'000;
  activity.ended(row_of(OrderState::kReverted, 1'000));
  activity.rests({0, 0, 0});
  clock.us += 700'000;  // a whole second begins
  const auto report = activity.report(600);
  ASSERT_EQ(report.seconds.size(), 3U);
  EXPECT_EQ(report.first_at.us, kAccepted);
  EXPECT_EQ(report.seconds[0].counts.accepted, 1U);
  EXPECT_EQ(report.seconds[0].in_flight, 1U);
  EXPECT_EQ(report.seconds[1].counts.accepted, 0U);
  EXPECT_EQ(report.seconds[1].in_flight, 1U);
  EXPECT_EQ(report.seconds[2].counts.reverted, 1U);
  EXPECT_EQ(report.seconds[2].counts.outcomes[static_cast<std::size_t>(Outcome::kTimeout)], 1U);
  EXPECT_EQ(report.seconds[2].in_flight, 0U);
  EXPECT_FALSE(report.seconds[1].latency.percentile(500));
  EXPECT_EQ(activity.report(1).seconds.size(), 1U);
  EXPECT_EQ(activity.report(1).first_at.us, kAccepted + 2'000'000);
}

TEST(Activity, ForgetsWhatIsTooOldAndKeepsTheTotals) {
  TestClock clock;
  Activity activity(clock);
  activity.ended(row_of(OrderState::kCompleted, 1'000));
  clock.us += 5'000'000'000;
  const auto report = activity.report(600);
  EXPECT_EQ(report.seconds.size(), 600U);
  EXPECT_EQ(report.totals.completed, 1U);
  for (const auto& second : report.seconds) EXPECT_EQ(second.counts.completed, 0U);
}

TEST(LatencyHistogram, IsRightToAnEighth) {
  for (std::int64_t us : {1L, 40L, 100L, 999L, 1'500L, 123'456L, 9'999'999L, 3'000'000'000L}) {
    LatencyHistogram histogram;
    histogram.add(microseconds(us));
    const auto found = histogram.percentile(500)->count();
    EXPECT_GE(found, us);
    EXPECT_LE(static_cast<double>(found), std::max(31.0, static_cast<double>(us) * 1.125));
  }
  LatencyHistogram histogram;
  for (int i = 0; i < 99; ++i) histogram.add(milliseconds(1));
  histogram.add(seconds(1));
  EXPECT_LT(histogram.percentile(990)->count(), 1'200);
  EXPECT_GE(histogram.percentile(991)->count(), 1'000'000);
  histogram.add(microseconds(-5));  // the clock was set back
  EXPECT_EQ(histogram.total(), 101U);
}

}  // namespace
}  // namespace ldt::order
