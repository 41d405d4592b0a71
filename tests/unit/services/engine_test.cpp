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

/// Compare-and-set in memory; may be told to fail.
class MemoryStore final : public Store {
 public:
  explicit MemoryStore(Happenings& happenings) : happenings_(happenings) {}

  Result<void> commit(std::span<Write* const> writes) override {
    if (fails) return failure(ErrorKind::kInternal, "the disk is full");
    if (loses) return failure(ErrorKind::kUnknown, "the connection was lost in COMMIT");
    for (Write* write : writes) {
      if (write->kind == Write::Kind::kChange && !states_.contains(write->row->id)) continue;  // not there, so not done
      OrderState to = write->to.state;
      if (write->kind == Write::Kind::kInsert) {
        to = OrderState::kRunning;
        write->seq = static_cast<std::int64_t>(states_.size()) + 1;
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
    return std::vector<std::optional<KeyOwner>>(keys.size());
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

 private:
  Happenings& happenings_;
  std::map<OrderId, OrderState> states_;
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

  void turn(std::optional<Input> input = {}) {
    std::vector<Input> inputs;
    if (input) inputs.push_back(std::move(*input));
    engine_->process(inputs);
  }
  void costs(std::int64_t price) { turn(PriceInput{Sku::parse("late-day").value(), {price}}); }
  void place(milliseconds wait = milliseconds(60'000)) {
    NewOrder order;
    order.user = UserName::parse("alice").value();
    order.sku = Sku::parse("late-day").value();
    order.quantity = {3};
    order.handling = {.max_attempts = 3, .step_timeout = milliseconds(100), .on_failure = saga::OnFailure::kRevert};
    turn(PlaceInput{std::move(order), wait, [this](tl::expected<Placed, PlaceFailure> placed) {
                      happenings_.push_back(placed ? "answered " + word(placed->order.state) : "answered not accepted");
                    }});
  }
  void answer(saga::Answer answer) {
    const Command& last = mailbox_.sent.back();
    turn(Reply{last.order, last.step, last.attempt, true, answer});
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

}  // namespace
}  // namespace ldt::order
