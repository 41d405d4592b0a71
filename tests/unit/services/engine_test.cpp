// The shipped engine over a store, participants and a clock of the test's own: what is durable before what (W1, W3,
// W5), what a step is told, and that a write that fails is nobody's news. Depends on the order service's engine. Each
// happening is a word in one list, so that a test reads as the order in which things may happen.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "services/order/engine/engine.h"

namespace ldt::order {
namespace {

using saga::OrderState;
using saga::Step;
using std::chrono::milliseconds;

using Happenings = std::vector<std::string>;

std::string word(OrderState state) { return std::string(saga::to_string(state)); }
std::string word(Step step) { return std::string(saga::to_string(step)); }

std::string word(PlaceError error) {
  switch (error) {
    case PlaceError::kKeyReused:
      return "key reused";
    case PlaceError::kKeyInProgress:
      return "key in progress";
    case PlaceError::kOverloaded:
      return "overloaded";
    case PlaceError::kStopping:
      return "stopping";
    default:
      return "not accepted";
  }
}

/// Compare-and-set in memory; may be told to fail.
class MemoryStore final : public Store {
 public:
  explicit MemoryStore(Happenings& happenings) : happenings_(happenings) {}

  Result<void> commit(std::span<Write* const> writes) override {
    if (loses && writes.size() == 1) tried.push_back(writes.front()->row->id);
    if (fails) return failure(ErrorKind::kInternal, "the disk is full");
    if (loses) return failure(ErrorKind::kUnknown, "the connection was lost in COMMIT");
    for (Write* write : writes) {
      if (write->kind == Write::Kind::kChange && !states_.contains(write->row->id)) continue;  // not there, so not done
      OrderState to = write->to.state;
      if (write->kind == Write::Kind::kInsert) {
        to = OrderState::kRunning;
        write->seq = static_cast<std::int64_t>(states_.size()) + 1;
        owners_[write->row->idempotency_key] = {write->row->id, write->row->request_fingerprint};
      } else if (write->kind == Write::Kind::kStrikes || states_.at(write->row->id) != write->from) {
        throw std::logic_error("a write that this test does not know");
      }
      states_[write->row->id] = to;
      write->done = true;
      happenings_.push_back("durable " + word(to));
    }
    return {};
  }
  Result<std::vector<std::optional<KeyOwner>>> find_keys(std::span<const std::string* const> keys) override {
    std::vector<std::optional<KeyOwner>> found;
    found.reserve(keys.size());
    for (const auto* key : keys) {
      const auto owner = owners_.find(*key);
      found.push_back(owner == owners_.end() ? std::nullopt : std::optional(owner->second));
    }
    return found;
  }
  Result<std::vector<OrderRow>> unfinished() override { return std::vector<OrderRow>{}; }
  Result<std::vector<std::pair<std::string, Quantity>>> sold() override {
    return std::vector<std::pair<std::string, Quantity>>{};
  }

  Result<Attended> attend(const Attendance& attendance) override {
    looked_for = attendance.in_doubt;
    return Attended{};
  }

  bool fails = false;
  bool loses = false;
  std::vector<OrderId> looked_for;
  std::vector<OrderId> tried;  // while it loses

 private:
  Happenings& happenings_;
  std::map<OrderId, OrderState> states_;
  std::map<std::string, KeyOwner> owners_;
};

/// Keeps what is sent; the test answers.
class Mailbox final : public Transport {
 public:
  explicit Mailbox(Happenings& happenings) : happenings_(happenings) {}
  void send(saga::Participant, std::vector<Command> commands) override {
    for (auto& command : commands) {
      happenings_.push_back("sent " + word(command.step));
      sent.push_back(std::move(command));
    }
  }
  [[nodiscard]] Health health(saga::Participant, milliseconds) const override { return Health::kSteady; }

  std::vector<Command> sent;

 private:
  Happenings& happenings_;
};

class Herald final : public Observer {
 public:
  explicit Herald(Happenings& happenings) : happenings_(happenings) {}
  void accepted(const OrderRow&, bool) override { happenings_.push_back("told accepted"); }
  void attempt_ended(const OrderRow&, const Attempt&, const SpanId&, std::string_view, std::string_view) override {}
  void reverting(const OrderRow&) override { happenings_.push_back("told REVERTING"); }
  void ended(const OrderRow& row) override { happenings_.push_back("told " + word(row.state)); }
  void needs_attention(const OrderRow& row, std::string_view) override {
    happenings_.push_back("told " + word(row.state));
  }
  void committed(std::chrono::nanoseconds, std::size_t) override {}
  void storage_failed(std::string_view) override { happenings_.push_back("not durable"); }

 private:
  Happenings& happenings_;
};

class MovedClock final : public Clock {
 public:
  [[nodiscard]] SteadyTime steady() const override { return SteadyTime(since_); }
  [[nodiscard]] WallTime wall() const override {
    return {1'700'000'000'000'000 + std::chrono::duration_cast<std::chrono::microseconds>(since_).count()};
  }
  void advance(milliseconds by) { since_ += by; }

 private:
  std::chrono::nanoseconds since_ = std::chrono::hours(1);
};

class EngineTest : public ::testing::Test, private World {
 protected:
  explicit EngineTest(const EngineLimits& limits = {}) {
    World& world = *this;
    engine_ = std::make_unique<Engine>(limits, store_, mailbox_, world, herald_);
    if (auto recovered = engine_->recover(); !recovered) throw std::runtime_error(recovered.error().detail);
    costs(10);
    turn(CatalogueReadyInput{});
  }

  void turn() { together({}); }
  void turn(Input input) {
    std::vector<Input> inputs;
    inputs.push_back(std::move(input));
    together(std::move(inputs));
  }
  void together(std::vector<Input> inputs) { engine_->process(inputs); }
  void costs(std::int64_t price) { turn(PriceInput{Sku::parse("late-day").value(), {price}}); }
  /// The answer is a happening: with a key, "KEY: " before it and, where it is a repetition's, " again" behind it.
  Input order(milliseconds wait, const std::string& key = {}, std::uint64_t fingerprint = 0) {
    NewOrder order;
    order.user = UserName::parse("alice").value();
    order.sku = Sku::parse("late-day").value();
    order.quantity = {3};
    order.handling = {.max_attempts = 3, .step_timeout = milliseconds(100), .on_failure = saga::OnFailure::kRevert};
    order.idempotency_key = key;
    order.request_fingerprint = fingerprint;
    const std::string who = key.empty() ? "" : key + ": ";
    return PlaceInput{std::move(order), wait, [this, who](tl::expected<Placed, PlaceFailure> placed) {
                        if (!placed) return happenings_.push_back(who + "answered " + word(placed.error().error));
                        const std::string again = placed->replayed ? " again" : "";
                        happenings_.push_back(who + "answered " + word(placed->order.state) + again);
                      }};
  }
  void place(milliseconds wait = milliseconds(60'000)) { turn(order(wait)); }
  /// The order that the participants were asked for last.
  [[nodiscard]] OrderId id() const { return mailbox_.sent.back().order; }
  void answer(saga::Answer answer) {
    const Command& last = mailbox_.sent.back();
    turn(Reply{last.order, last.step, last.attempt, true, answer});
  }
  /// An attempt at the last step that was sent fails, later than it may.
  void fail_attempt(std::uint32_t attempt) {
    const Command& last = mailbox_.sent.back();
    turn(Reply{.order = last.order, .step = last.step, .attempt = attempt, .failure = saga::Outcome::kUnknown});
  }
  void cancel() {
    turn(SteerInput{Steering::kCancel, id(), [this](tl::expected<OrderView, CommandFailure> view) {
                      happenings_.push_back(view ? "cancelled " + word(view->state) : "not cancelled");
                    }});
  }
  void pass(milliseconds time) {
    clock_.advance(time);
    turn();
  }
  /// What has happened since the last call.
  Happenings happened() { return std::exchange(happenings_, {}); }

  Happenings happenings_;
  MemoryStore store_{happenings_};
  Mailbox mailbox_{happenings_};
  Herald herald_{happenings_};

 private:
  [[nodiscard]] const Clock& clock() const override { return clock_; }
  std::uint64_t random() override { return random_ = random_ * 6364136223846793005ULL + 1442695040888963407ULL; }
  bool sample(const TraceId&, std::optional<bool>) override { return false; }
  void read_archive(const OrderId&, std::function<void(Result<OrderView>)>) override {}
  void crash() override { throw std::logic_error("nothing crashes here"); }

  MovedClock clock_;
  std::uint64_t random_ = 1;
  std::unique_ptr<Engine> engine_;
};

TEST_F(EngineTest, SendsAndTellsAfterItIsDurable) {
  place();
  EXPECT_EQ(happened(), (Happenings{"durable RUNNING", "told accepted", "sent payment.charge"}));
  answer(saga::Answer::kDone);
  answer(saga::Answer::kDone);
  EXPECT_EQ(happened(), (Happenings{"sent inventory.reserve", "sent delivery.deliver"}));
  answer(saga::Answer::kDone);
  EXPECT_EQ(happened(), (Happenings{"durable COMPLETED", "told COMPLETED", "answered COMPLETED"}));
}

TEST_F(EngineTest, UndoesAndTellsAfterRevertingIsDurable) {
  place();
  answer(saga::Answer::kDone);
  happened();
  answer(saga::Answer::kRefused);
  EXPECT_EQ(happened(), (Happenings{"durable REVERTING", "told REVERTING", "sent payment.refund"}));
  answer(saga::Answer::kUndone);
  EXPECT_EQ(happened(), (Happenings{"durable REVERTED", "told REVERTED", "answered REVERTED"}));
}

TEST_F(EngineTest, AcceptsNothingThatIsNotDurable) {
  store_.fails = true;
  place(milliseconds(0));
  pass(milliseconds(1));
  const auto told = happened();
  EXPECT_TRUE(std::ranges::count(told, "not durable") > 0);
  for (const std::string never : {"told accepted", "sent payment.charge", "answered RUNNING", "durable RUNNING"}) {
    EXPECT_EQ(std::ranges::count(told, never), 0) << never;
  }
}

EngineLimits beside_others() {
  EngineLimits limits;
  limits.policy.several_engines = true;
  limits.attend_every = milliseconds(20);
  return limits;
}

class EngineBesideOthers : public EngineTest {
 protected:
  EngineBesideOthers() : EngineTest(beside_others()) {}
};

TEST_F(EngineBesideOthers, LooksForAnOrderWhoseCommitWasLostAfterItHasGivenItUp) {
  store_.loses = true;
  place();
  for (int i = 0; i < 3; ++i) pass(milliseconds(2'000));  // all attempts at accepting it
  store_.loses = false;
  pass(milliseconds(10'000));
  pass(milliseconds(20));
  EXPECT_EQ(std::ranges::count(happened(), "sent payment.charge"), 0);
  EXPECT_EQ(store_.looked_for.size(), 1U) << "the lost COMMIT may still be carried out";
}

TEST_F(EngineTest, TellsNobodyOfARevertThatIsNotDurable) {
  place();
  answer(saga::Answer::kDone);
  happened();
  store_.fails = true;
  answer(saga::Answer::kRefused);
  EXPECT_EQ(happened(), Happenings{"not durable"});
  store_.fails = false;
  pass(milliseconds(10'000));
  EXPECT_EQ(happened(), (Happenings{"durable REVERTING", "told REVERTING", "sent payment.refund"}));
}

TEST_F(EngineTest, TellsNobodyOfAnEndThatIsNotDurable) {
  place();
  answer(saga::Answer::kDone);
  answer(saga::Answer::kDone);
  happened();
  store_.fails = true;
  answer(saga::Answer::kDone);
  EXPECT_EQ(happened(), Happenings{"not durable"});
  store_.fails = false;
  pass(milliseconds(10'000));
  EXPECT_EQ(happened(), (Happenings{"durable COMPLETED", "told COMPLETED", "answered COMPLETED"}));
}

TEST_F(EngineTest, ChargesWhatAllTokensCostAtAcceptanceInEveryAttempt) {
  place();
  costs(77);
  pass(milliseconds(100));    // no answer in time
  pass(milliseconds(5'000));  // the second attempt, after a backoff
  ASSERT_EQ(mailbox_.sent.size(), 2U);
  for (const auto& command : mailbox_.sent) {
    EXPECT_EQ(command.step, Step::kCharge);
    EXPECT_EQ(command.amount, 30);
    EXPECT_EQ(command.order, mailbox_.sent.front().order) << "a retry is the same order's";
  }
  EXPECT_EQ(mailbox_.sent.back().number, 2U);
  answer(saga::Answer::kDone);
  EXPECT_EQ(mailbox_.sent.back().amount, 3) << "tokens, not credits";
}

TEST_F(EngineTest, AnswersEachOfManyRepetitionsByItsOwnKey) {
  turn(order(milliseconds(0), "ann", 1));
  turn(order(milliseconds(0), "bob", 2));
  happened();
  std::vector<Input> both;
  both.push_back(order(milliseconds(0), "ann", 1));
  both.push_back(order(milliseconds(0), "bob", 2));
  together(std::move(both));
  EXPECT_EQ(happened(), (Happenings{"ann: answered RUNNING again", "bob: answered RUNNING again"}));
  turn(order(milliseconds(0), "ann", 2));
  EXPECT_EQ(happened(), Happenings{"ann: answered key reused"});
}

TEST_F(EngineTest, AcceptsOneOfTwoThatArriveTogetherUnderOneKey) {
  std::vector<Input> both;
  both.push_back(order(milliseconds(0), "ann", 1));
  both.push_back(order(milliseconds(0), "ann", 1));
  together(std::move(both));
  EXPECT_EQ(happened(), (Happenings{"ann: answered key in progress", "durable RUNNING", "told accepted",
                                    "ann: answered RUNNING", "sent payment.charge"}));
  turn(order(milliseconds(0), "ann", 1));
  EXPECT_EQ(happened(), Happenings{"ann: answered RUNNING again"}) << "not only when it has ended";
}

TEST_F(EngineTest, FreesTheKeyOfAnOrderThatWasNotAccepted) {
  store_.fails = true;
  turn(order(milliseconds(0), "ann", 1));
  for (int i = 0; i < 30; ++i) pass(milliseconds(2'000));
  store_.fails = false;
  pass(milliseconds(10'000));
  happened();
  turn(order(milliseconds(0), "ann", 1));
  EXPECT_EQ(std::ranges::count(happened(), "ann: answered RUNNING"), 1);
}

TEST_F(EngineTest, ShowsNothingThatIsNotDurable) {
  std::vector<std::string> shown;
  const auto look = [&](const OrderId& id) {
    turn(LookInput{id, [&](const std::optional<OrderView>& view) { shown.push_back(view ? word(view->state) : "-"); }});
    turn(SurveyInput{[&](const std::vector<OrderView>& views, const std::vector<Saga>&) {
      shown.push_back(std::to_string(views.size()));
    }});
  };
  place();
  store_.loses = true;  // the second order's COMMIT
  place();
  ASSERT_EQ(store_.tried.size(), 1U);
  look(id());
  look(store_.tried.front());
  EXPECT_EQ(shown, (std::vector<std::string>{"RUNNING", "1", "-", "1"}));
}

TEST_F(EngineTest, TellsNobodyOfACancelThatIsNotDurable) {
  place();
  happened();
  store_.fails = true;
  cancel();
  EXPECT_EQ(happened(), Happenings{"not durable"});
  store_.fails = false;
  pass(milliseconds(10'000));
  EXPECT_EQ(happened(),
            (Happenings{"durable REVERTING", "told REVERTING", "cancelled REVERTING", "sent payment.refund"}));
}

TEST_F(EngineTest, ALateFailureOfAnEarlierAttemptIsNotTheLaterOnes) {
  place();
  pass(milliseconds(100));    // no answer in time
  pass(milliseconds(5'000));  // the second attempt
  happened();
  fail_attempt(1);
  pass(milliseconds(50));
  EXPECT_EQ(happened(), Happenings{}) << "the second attempt still has half of its time";
  pass(milliseconds(60));  // and no more
  pass(milliseconds(50));
  EXPECT_EQ(happened(), Happenings{"sent payment.charge"});
}

TEST_F(EngineTest, AStepHasItsOwnTimeHoweverLateTheOneBefore) {
  place();
  pass(milliseconds(60));
  answer(saga::Answer::kDone);
  happened();
  pass(milliseconds(60));  // the charge would have timed out
  pass(milliseconds(30));
  EXPECT_EQ(happened(), Happenings{});
  pass(milliseconds(20));  // and now the reservation does
  pass(milliseconds(30));
  EXPECT_EQ(happened(), Happenings{"sent inventory.reserve"});
}

TEST_F(EngineTest, AcceptsNothingOnceItGoesDown) {
  place();
  happened();
  turn(DrainInput{});
  place();
  EXPECT_EQ(happened(), Happenings{"answered stopping"});
  answer(saga::Answer::kDone);
  EXPECT_EQ(happened(), Happenings{"sent inventory.reserve"}) << "what was accepted goes on";
}

EngineLimits of_two() {
  EngineLimits limits;
  limits.max_in_flight = 2;
  return limits;
}

class EngineOfTwo : public EngineTest {
 protected:
  EngineOfTwo() : EngineTest(of_two()) {}
};

TEST_F(EngineOfTwo, AcceptsNoMoreThanIsAllowedAndAgainWhenOneHasEnded) {
  for (int i = 0; i < 3; ++i) place();
  const auto told = happened();
  EXPECT_EQ(std::ranges::count(told, "durable RUNNING"), 2);
  EXPECT_EQ(told.back(), "answered overloaded");
  for (int i = 0; i < 3; ++i) answer(saga::Answer::kDone);
  happened();
  place();
  EXPECT_EQ(happened().front(), "durable RUNNING");
}

}  // namespace
}  // namespace ldt::order
