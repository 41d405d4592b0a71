// Gives the shipped engine its simulated surroundings.
#include "simulation/order_node.h"

#include <algorithm>
#include <utility>

namespace ldt::simulation {

using order::Engine;
using order::Input;

/// What the engine's logs and metrics would say, counted.
class OrderNode::Watch final : public order::Observer {
 public:
  explicit Watch(OrderNode& node) : node_(node) {}

  void accepted(const order::OrderRow& row, bool recovered) override {
    node_.world_.tally.count(recovered ? "order: recovered" : "order: accepted");
    if (recovered) {
      node_.world_.tally.count("order: recovered as " + std::string(saga::to_string(row.state)));
    }
    note(row, recovered ? "recovered" : "accepted", saga::to_string(row.state));
  }
  void attempt_ended(const order::OrderRow& row, const order::Attempt& attempt, const SpanId&, std::string_view struck,
                     std::string_view) override {
    const std::string step(saga::to_string(attempt.step));
    const bool own = attempt.step == saga::Step::kAccept || attempt.step == saga::Step::kFinish;
    if (own && !struck.empty()) node_.world_.tally.count("struck: " + step + " " + std::string(struck));
    node_.world_.tally.count("attempt: " + std::string(saga::to_string(attempt.outcome)));
    note(row, step, saga::to_string(attempt.outcome));
  }
  void ended(const order::OrderRow& row) override {
    const auto outcome = row.state == saga::OrderState::kCompleted ? saga::Outcome::kSuccess : row.reason;
    auto& tally = node_.world_.tally;
    tally.count("outcome: " + std::string(saga::to_string(outcome)));
    if (row.failed_step) tally.count("failed step: " + std::string(saga::to_string(*row.failed_step)));
    tally.count(node_.world_.faults ? "progress: orders that ended during the faults"
                                    : "progress: orders that ended after the faults");
    note(row, "ended:", saga::to_string(outcome));
  }
  void needs_attention(const order::OrderRow& row, std::string_view what) override {
    node_.world_.tally.count(what == "held" ? "order: HELD" : "order: STUCK");
    note(row, "needs attention:", what);
  }
  void committed(std::chrono::nanoseconds, std::size_t writes) override {
    if (writes > 1) node_.world_.tally.count("order: writes that shared a commit", static_cast<std::int64_t>(writes));
  }
  void storage_failed(std::string_view error) override {
    node_.world_.tally.count("order: writes rolled back");
    node_.world_.note(node_.name(), "storage failed:", error);
  }

 private:
  void note(const order::OrderRow& row, std::string_view what, std::string_view detail) {
    node_.world_.note(node_.name(), row.id.to_string().substr(9) + " " + std::string(what), detail);
  }
  OrderNode& node_;
};

class OrderNode::Surroundings final : public order::World {
 public:
  explicit Surroundings(OrderNode& node) : node_(node) {}
  [[nodiscard]] const Clock& clock() const override { return node_.clock_; }
  std::uint64_t random() override { return node_.world_.random.next(); }
  bool sample(const TraceId&, std::optional<bool>) override { return false; }
  void read_archive(const OrderId& id, std::function<void(Result<order::OrderView>)> done) override;
  void crash() override {
    node_.world_.tally.count("order: ended by its own CRASH");
    throw ProcessEnded{"a CRASH instruction struck", true};
  }

 private:
  OrderNode& node_;
};

class OrderNode::Transport final : public order::Transport {
 public:
  explicit Transport(OrderNode& node) : node_(node) {
    const auto later = [&node, born = node.incarnation()](Micros delay, std::function<void()> then) {
      if (node.up() && node.incarnation() == born) node.later(delay, std::move(then));
    };
    for (auto* peer : node.participants_) {
      links_.push_back(std::make_unique<Link>(node.world_, *peer, later,
                                              [&node](order::Reply reply) { node.post(std::move(reply)); }));
    }
  }
  void send(saga::Participant to, std::vector<order::Command> commands) override {
    links_[static_cast<std::size_t>(to)]->send(std::move(commands), node_.local_now());
  }
  [[nodiscard]] order::Health health(saga::Participant to, std::chrono::milliseconds window) const override {
    return links_[static_cast<std::size_t>(to)]->health(window);
  }
  Link& link(std::size_t participant) { return *links_[participant]; }
  void start() {
    for (auto& link : links_) link->start();
  }

 private:
  OrderNode& node_;
  std::vector<std::unique_ptr<Link>> links_;
};

struct OrderNode::Parts {
  Parts(OrderNode& node, order::SqliteStore opened, std::unique_ptr<order::OrderArchive> reader)
      : store(std::move(opened)),
        archive(std::move(reader)),
        watch(node),
        surroundings(node),
        transport(node),
        engine(std::make_unique<Engine>(node.limits_, store, transport, surroundings, watch)) {}
  order::SqliteStore store;
  std::unique_ptr<order::OrderArchive> archive;
  Watch watch;
  Surroundings surroundings;
  Transport transport;
  std::unique_ptr<Engine> engine;
  std::vector<Input> inbox;
  Micros wakes_at = 0;  // 0: not planned
  std::uint64_t price_version = 0;
  bool catalogue_ready = false;
};

/// On the reader's thread, which is slower.
void OrderNode::Surroundings::read_archive(const OrderId& id, std::function<void(Result<order::OrderView>)> done) {
  node_.later(node_.local_now() - node_.world_.now() + 50,
              [this, id, done = std::move(done)] { node_.run([&] { done(node_.parts_->archive->get(id)); }); });
}

OrderNode::OrderNode(World& world, const std::string& folder, const order::EngineLimits& limits,
                     Participants participants)
    : Node(world, Host::kOrder, folder),
      limits_(limits),
      participants_(participants),
      index_every_(world.random.between(1, 12)) {}

OrderNode::~OrderNode() = default;

std::size_t OrderNode::in_flight() const { return parts_ == nullptr ? 0 : parts_->engine->in_flight(); }

bool OrderNode::open() {
  auto store = order::SqliteStore::open(database(), owner_options(), index_every_);
  if (!store) {
    world_.note(name(), "cannot open:", store.error().detail);
    return false;
  }
  auto archive = order::SqliteArchive::open(database());
  if (!archive) return false;
  parts_ = std::make_unique<Parts>(*this, std::move(*store), std::move(*archive));
  if (auto recovered = parts_->engine->recover(); !recovered) {
    world_.note(name(), "cannot recover:", recovered.error().detail);
    return false;
  }
  parts_->transport.start();
  wake(local_now());
  later(kMillisecond, [this] { watch_prices(); });
  return true;
}

void OrderNode::close(bool orderly) {
  if (orderly && parts_ != nullptr) parts_->engine->stop();
  parts_.reset();
}

void OrderNode::post(Input input) {
  if (parts_ == nullptr) return;
  parts_->inbox.push_back(std::move(input));
  wake(std::max(world_.now(), busy_until()));
}

void OrderNode::wake(Micros when) {
  if (parts_->wakes_at != 0 && parts_->wakes_at <= when) return;
  parts_->wakes_at = when;
  later(when - world_.now(), [this, when] {
    if (parts_->wakes_at == when) process();
  });
}

void OrderNode::process() {
  parts_->wakes_at = 0;
  run([this] {
    auto inputs = std::exchange(parts_->inbox, {});
    parts_->engine->process(inputs);
  });
  if (!up()) return;
  if (!parts_->inbox.empty()) return wake(busy_until());
  if (const auto deadline = parts_->engine->next_deadline()) {
    const auto at = std::chrono::duration_cast<std::chrono::microseconds>(deadline->time_since_epoch()).count();
    wake(std::max<Micros>(at, busy_until()));
  }
}

void OrderNode::get(const OrderId& id, std::function<void(Result<order::OrderView>)> done) {
  post(order::LookInput{id, [this, id, done = std::move(done)](std::optional<order::OrderView> view) mutable {
                          if (view) return done(std::move(*view));
                          parts_->surroundings.read_archive(id, std::move(done));
                        }});
}

void OrderNode::participant_died(std::size_t participant, std::uint64_t incarnation, bool power_cut) {
  if (parts_ != nullptr) parts_->transport.link(participant).peer_died(incarnation, power_cut);
}

/// As the stream of prices does: all of them at first, then what changes.
void OrderNode::watch_prices() {
  if (world_.ending) return;
  const auto& inventory = *participants_[static_cast<std::size_t>(saga::Participant::kInventory)];
  const bool reachable =
      inventory.up() && !world_.cut(Host::kOrder, Host::kInventory) && !world_.cut(Host::kInventory, Host::kOrder);
  if (reachable && parts_->price_version != inventory.price_version()) {
    parts_->price_version = inventory.price_version();
    const auto& book = inventory.book();
    for (participant::NameId id = 1; id <= book.name_count(); ++id) {
      const auto sku = Sku::parse(book.name(id));
      if (sku && book.holding(id).open) post(order::PriceInput{*sku, {book.holding(id).price}});
    }
    if (!std::exchange(parts_->catalogue_ready, true)) post(order::CatalogueReadyInput{});
  }
  later(25 * kMillisecond, [this] { watch_prices(); });
}

}  // namespace ldt::simulation
