// Two of the shipped engines over one PostgreSQL, with participants that answer at once: who drives what, and who is
// told. Depends on the order service's engine and its PostgreSQL storage.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>

#include "services/order/engine/engine.h"
#include "services/order/storage/postgres/postgres_archive.h"
#include "services/order/storage/postgres/postgres_storage.h"
#include "services/order/storage/postgres/postgres_store.h"
#include "support/eventually.h"
#include "unit/support/shared_server.h"

namespace ldt::order {
namespace {

using saga::OrderState;
using std::chrono::milliseconds;

constexpr milliseconds kLease{400};

/// Answers DONE, or UNDONE, unless it is told to be silent about a step.
class Participants final : public Transport {
 public:
  void send(saga::Participant, std::vector<Command> commands) override {
    for (const auto& command : commands) {
      if (command.step == silent) continue;
      const auto answer = saga::is_undo(command.step) ? saga::Answer::kUndone : saga::Answer::kDone;
      replies.emplace_back(Reply{command.order, command.step, command.attempt, true, answer});
    }
  }
  [[nodiscard]] Health health(saga::Participant, milliseconds) const override { return Health::kSteady; }

  std::optional<saga::Step> silent;
  std::vector<Input> replies;
};

/// Finds no key: what another engine accepts in the same moment is not there yet.
class BlindStore final : public Store {
 public:
  explicit BlindStore(Store& store) : store_(store) {}
  Result<void> commit(std::span<Write* const> writes) override { return store_.commit(writes); }
  Result<std::vector<std::optional<KeyOwner>>> find_keys(std::span<const std::string* const> keys) override {
    if (blind) return std::vector<std::optional<KeyOwner>>(keys.size());
    return store_.find_keys(keys);
  }
  Result<std::vector<OrderRow>> unfinished() override { return store_.unfinished(); }
  Result<std::vector<std::pair<std::string, Quantity>>> sold() override { return store_.sold(); }
  Result<Attended> attend(const Attendance& attendance) override { return store_.attend(attendance); }
  Result<std::optional<OrderRow>> take_over(const OrderId& id) override { return store_.take_over(id); }
  Result<std::optional<OrderRow>> push(const OrderId& id) override { return store_.push(id); }

  bool available() override { return !away && store_.available(); }

  bool blind = false, away = false;

 private:
  Store& store_;
};

class Silent final : public Observer {
  void accepted(const OrderRow&, bool) override {}
  void attempt_ended(const OrderRow&, const Attempt&, const SpanId&, std::string_view, std::string_view) override {}
  void ended(const OrderRow&) override {}
  void needs_attention(const OrderRow&, std::string_view) override {}
  void committed(std::chrono::nanoseconds, std::size_t) override {}
  void storage_failed(std::string_view) override {}
};

class Node final : private World {
 public:
  Node(const std::string& url, const std::string& name, milliseconds hold_new = milliseconds(5'000))
      : store_(open(url, name)), seen_(*store_), archive_({.url = url, .schema = "ldt_order", .read_only = true}) {
    EngineLimits limits;
    limits.policy.several_engines = true;
    limits.attend_every = milliseconds(20);
    limits.hold_new = hold_new;
    World& world = *this;
    engine_ = std::make_unique<Engine>(limits, seen_, participants, world, observer_);
    if (auto recovered = engine_->recover(); !recovered) throw std::runtime_error(recovered.error().detail);
    turn(PriceInput{Sku::parse("late-day").value(), {10}});
    turn(CatalogueReadyInput{});
  }

  /// Takes one thing in and handles it. What participants answer is handled with the next turn.
  void turn(std::optional<Input> input = {}) {
    auto inputs = std::exchange(participants.replies, {});
    if (input) inputs.push_back(std::move(*input));
    engine_->process(inputs);
  }
  void place(const std::string& key, PlaceCallback done, saga::OnFailure on_failure = saga::OnFailure::kRevert) {
    NewOrder order;
    order.user = UserName::parse("alice").value();
    order.sku = Sku::parse("late-day").value();
    order.quantity = {1};
    order.idempotency_key = key;
    order.request_fingerprint = 7;
    order.handling = {.max_attempts = 1, .step_timeout = milliseconds(30), .on_failure = on_failure};
    turn(PlaceInput{std::move(order), milliseconds(10'000), std::move(done)});
  }
  void steer(Steering steering, const OrderId& id, SteerCallback done) {
    turn(SteerInput{steering, id, std::move(done)});
  }
  OrderState state_of(const OrderId& id) {
    const auto view = archive_.get(id);
    if (!view) throw std::runtime_error(view.error().detail);
    return view->state;
  }
  [[nodiscard]] const Engine& engine() const { return *engine_; }
  void find_no_key() { seen_.blind = true; }
  void lose_store(bool lost) { seen_.away = lost; }

  Participants participants;

 private:
  static std::unique_ptr<PostgresStore> open(const std::string& url, const std::string& name) {
    auto store =
        PostgresStore::open({.connection = {.url = url, .schema = "ldt_order"}, .replica = name, .lease = kLease});
    if (!store) throw std::runtime_error(store.error().detail);
    return std::move(*store);
  }
  [[nodiscard]] const Clock& clock() const override { return clock_; }
  std::uint64_t random() override { return random_ = random_ * 6364136223846793005ULL + 1442695040888963407ULL; }
  bool sample(const TraceId&, std::optional<bool>) override { return false; }
  void read_archive(const OrderId& id, std::function<void(Result<OrderView>)> done) override { done(archive_.get(id)); }
  void crash() override { throw std::logic_error("nothing crashes here"); }

  SystemClock clock_;
  std::uint64_t random_ = reinterpret_cast<std::uintptr_t>(this);
  std::unique_ptr<PostgresStore> store_;
  BlindStore seen_;
  PostgresArchive archive_;
  Silent observer_{};
  std::unique_ptr<Engine> engine_;
};

struct Told {
  std::optional<tl::expected<Placed, PlaceFailure>> placed;
  PlaceCallback callback() {
    return [this](tl::expected<Placed, PlaceFailure> result) { placed = std::move(result); };
  }
};

class Engines : public ::testing::Test {
 protected:
  Engines() : url_(testing::shared_server().make_database()) {
    if (auto migrated = PostgresStorage::migrate(url_); !migrated) throw std::runtime_error(migrated.error().detail);
  }
  /// An order that is HELD at `node`, because a step's answer did not come.
  static OrderId hold(Node& node, Told& told) {
    node.participants.silent = saga::Step::kReserve;
    node.place("", told.callback(), saga::OnFailure::kHold);
    EXPECT_TRUE(testing::eventually([&] {
      node.turn();
      return told.placed.has_value();
    }));
    EXPECT_EQ((*told.placed)->order.state, OrderState::kHeld);
    node.participants.silent.reset();
    return (*told.placed)->order.id;
  }
  static bool ends(Node& node, const OrderId& id, OrderState state) {
    return testing::eventually([&] {
      node.turn();
      return node.state_of(id) == state;
    });
  }

  const std::string url_;
};

TEST_F(Engines, ThatAcceptOneKeyAtOnceMakeOneOrderOfIt) {
  Node a(url_, "a"), b(url_, "b");
  Told first, second;
  b.find_no_key();
  a.place("the-key", first.callback());
  b.place("the-key", second.callback());
  ASSERT_TRUE(second.placed.has_value()) << "the one that came second has nothing to drive";
  ASSERT_TRUE(second.placed->has_value()) << second.placed->error().detail;
  EXPECT_TRUE((*second.placed)->replayed);
  EXPECT_EQ(b.engine().in_flight(), 0U);
  EXPECT_TRUE(testing::eventually([&] {
    a.turn();
    return first.placed.has_value();
  }));
  EXPECT_EQ((*first.placed)->order.state, OrderState::kCompleted);
  EXPECT_EQ((*first.placed)->order.id, (*second.placed)->order.id);
}

TEST_F(Engines, RetryAnOrderThatAnotherHolds) {
  Node a(url_, "a"), b(url_, "b");
  Told told;
  const auto id = hold(a, told);
  b.steer(Steering::kRetry, id, [](const auto& result) { EXPECT_TRUE(result.has_value()); });
  EXPECT_TRUE(ends(b, id, OrderState::kCompleted));
  EXPECT_EQ(a.engine().held(), 1U);
  EXPECT_TRUE(testing::eventually([&] {
    a.turn();
    return a.engine().in_flight() == 0;
  })) << "the one that held it hears that it has lost it";
  EXPECT_EQ(a.engine().held(), 0U);
}

// HELD here, then HELD again there: what the first one remembers looks like what is stored, and is not.
TEST_F(Engines, RetryAnOrderThatTheyHeldBeforeAnotherDid) {
  Node a(url_, "a"), b(url_, "b");
  Told told;
  const auto id = hold(a, told);
  b.participants.silent = saga::Step::kReserve;
  b.steer(Steering::kRetry, id, [](const auto& result) { EXPECT_TRUE(result.has_value()); });
  EXPECT_TRUE(ends(b, id, OrderState::kHeld));
  a.participants.silent = saga::Step::kReserve;
  a.steer(Steering::kRetry, id, [](const auto& result) { EXPECT_TRUE(result.has_value()); });
  EXPECT_EQ(a.state_of(id), OrderState::kRunning);
  EXPECT_TRUE(testing::eventually([&] {
    b.turn();
    return b.engine().held() == 0;
  })) << "the one that held it last hears that it has lost it";
  EXPECT_TRUE(ends(a, id, OrderState::kHeld)) << "the one that has taken it back lets it go, and nobody drives it";
  a.participants.silent.reset();
  a.steer(Steering::kRetry, id, [](const auto& result) { EXPECT_TRUE(result.has_value()); });
  EXPECT_TRUE(ends(a, id, OrderState::kCompleted));
}

TEST_F(Engines, LetNewOrdersWaitForAStoreThatIsAwayForAMoment) {
  Node a(url_, "a");
  Told told;
  a.lose_store(true);
  a.place("its-key", told.callback());
  a.turn();
  EXPECT_FALSE(told.placed.has_value()) << "it is neither refused nor accepted yet";
  EXPECT_TRUE(a.engine().next_deadline().has_value()) << "the store is looked for again soon";
  a.lose_store(false);
  EXPECT_TRUE(testing::eventually([&] {
    a.turn();
    return told.placed.has_value();
  }));
  ASSERT_TRUE(told.placed->has_value());
  EXPECT_EQ((*told.placed)->order.state, OrderState::kCompleted);
}

TEST_F(Engines, RefuseNewOrdersWhereTheStoreStaysAway) {
  Node a(url_, "a", milliseconds(50));
  Told told;
  a.lose_store(true);
  a.place("", told.callback());
  EXPECT_TRUE(testing::eventually([&] {
    a.turn();
    return told.placed.has_value();
  }));
  ASSERT_FALSE(told.placed->has_value());
  EXPECT_EQ(told.placed->error().error, PlaceError::kStorage);
}

TEST_F(Engines, PushAnOrderThatAnotherIsDrivingAndLeaveItThere) {
  Node a(url_, "a"), b(url_, "b");
  Told told;
  const auto id = hold(a, told);
  a.participants.silent = saga::Step::kRelease;
  a.steer(Steering::kCancel, id, [](const auto& result) { EXPECT_TRUE(result.has_value()); });
  EXPECT_TRUE(ends(a, id, OrderState::kReverting));
  a.participants.silent.reset();
  int asked = 0;
  EXPECT_TRUE(testing::eventually([&] {
    b.steer(Steering::kPush, id, [&](const auto& result) { asked += result.has_value() ? 1 : 0; });
    a.turn();
    return a.state_of(id) == OrderState::kReverted;
  }));
  EXPECT_GT(asked, 0);
  EXPECT_EQ(b.engine().in_flight(), 0U) << "it would count the attempts anew";
}

TEST_F(Engines, CancelAnOrderThatAnotherIsDriving) {
  Node a(url_, "a"), b(url_, "b");
  Told told;
  std::optional<OrderId> id;
  a.participants.silent = saga::Step::kCharge;
  a.place("its-key", told.callback());
  b.place("its-key", [&id](const auto& result) { id = (*result).order.id; });
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(b.state_of(*id), OrderState::kRunning);
  b.steer(Steering::kCancel, *id, [](const auto& result) { EXPECT_TRUE(result.has_value()); });
  EXPECT_TRUE(ends(b, *id, OrderState::kReverted));
  EXPECT_TRUE(testing::eventually([&] {
    a.turn();
    return a.engine().in_flight() == 0;
  }));
  ASSERT_TRUE(told.placed.has_value() && told.placed->has_value());
  EXPECT_EQ((*told.placed)->order.state, OrderState::kReverted);
  EXPECT_EQ((*told.placed)->order.outcome, saga::Outcome::kCancelled);
}

TEST_F(Engines, GoOnWithWhatADeadOneWasDriving) {
  Told told;
  std::optional<OrderId> id;
  Node b(url_, "b");
  {
    Node a(url_, "a");
    id = hold(a, told);
    a.participants.silent = saga::Step::kDeliver;
    Told lost;
    a.place("its-key", lost.callback());
    a.turn();
    EXPECT_FALSE(lost.placed.has_value());
  }
  EXPECT_TRUE(testing::eventually([&] {
    b.turn();
    return b.engine().held() == 1;
  }));
  Told again;
  EXPECT_TRUE(testing::eventually([&] {
    b.turn();
    return b.engine().in_flight() == 1;  // the one that was running has ended
  }));
  b.place("its-key", again.callback());
  ASSERT_TRUE(again.placed.has_value() && again.placed->has_value());
  EXPECT_TRUE((*again.placed)->replayed);
  EXPECT_EQ((*again.placed)->order.state, OrderState::kCompleted);
  b.steer(Steering::kCancel, *id, [](const auto& result) { EXPECT_TRUE(result.has_value()); });
  EXPECT_TRUE(ends(b, *id, OrderState::kReverted));
}

TEST_F(Engines, ThatDrainTakeNothingNewAndFinishWhatTheyHave) {
  Node a(url_, "a");
  Told before, after;
  a.place("", before.callback());
  a.turn(DrainInput{});
  a.place("", after.callback());
  ASSERT_TRUE(after.placed.has_value());
  ASSERT_FALSE(after.placed->has_value());
  EXPECT_EQ(after.placed->error().error, PlaceError::kStopping);
  EXPECT_TRUE(testing::eventually([&] {
    a.turn();
    return before.placed.has_value();
  }));
  EXPECT_EQ((*before.placed)->order.state, OrderState::kCompleted);
}

}  // namespace
}  // namespace ldt::order
