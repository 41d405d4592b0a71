// Plays a run in its phases: faults, calm, a last power cut, the proof.
#include "simulation/simulation.h"

#include <sqlite3.h>

#include <array>
#include <memory>

#include "participant/storage/sqlite/sqlite_audit.h"
#include "services/delivery/rules.h"
#include "services/inventory/rules.h"
#include "services/order/audit/audit_rules.h"
#include "services/payment/rules.h"
#include "simulation/books.h"
#include "simulation/faults.h"

namespace ldt::simulation {

namespace {

constexpr Micros kEndsWithin = 120 * kSecond;  // of the faults' end
constexpr std::uint64_t kMostEvents = 2'000'000;

class Simulation {
 public:
  Simulation(std::uint64_t seed, bool prints, Tally& tally)
      : world_(seed, prints, tally),
        span_(world_.random.between(3, 8) * kSecond),
        workload_(draw_workload(world_.random, span_)),
        payment_(workload_.initial_credits),
        participants_{std::make_unique<ParticipantNode>(world_, Host::kPayment, "payment", payment_),
                      std::make_unique<ParticipantNode>(world_, Host::kInventory, "inventory", inventory_),
                      std::make_unique<ParticipantNode>(world_, Host::kDelivery, "delivery", delivery_)},
        orders_(world_, "order", draw_limits(), peers()),
        clients_(world_, orders_, peers(), workload_),
        faults_(world_, {participants_[0].get(), participants_[1].get(), participants_[2].get(), &orders_}) {
    for (std::size_t i = 0; i < participants_.size(); ++i) {
      participants_[i]->on_death = [this, i](std::uint64_t incarnation, bool power_cut) {
        orders_.participant_died(i, incarnation, power_cut);
      };
    }
  }

  void run() {
    for (auto& participant : participants_) participant->start();
    orders_.start();
    clients_.start();
    faults_.start(span_);
    run_until(world_.now() + span_);
    faults_.stop();
    world_.note("world", "the faults stop");
    let_all_end();
    prove();
  }

  [[nodiscard]] const World& world() const { return world_; }
  [[nodiscard]] std::size_t order_count() const { return workload_.orders.size(); }

 private:
  order::EngineLimits draw_limits() {
    order::EngineLimits limits;
    limits.allow_failures = true;
    limits.policy.stuck_after = static_cast<std::uint32_t>(world_.random.between(2, 10));
    if (world_.random.chance(200)) limits.max_in_flight = static_cast<std::size_t>(world_.random.between(2, 8));
    return limits;
  }

  OrderNode::Participants peers() { return {participants_[0].get(), participants_[1].get(), participants_[2].get()}; }

  void run_until(Micros end) {
    while (world_.step(end)) {
      require(world_.events_run() < kMostEvents, "liveness", "the run goes in circles");
    }
  }

  [[nodiscard]] bool all_up() const {
    return orders_.up() && participants_[0]->up() && participants_[1]->up() && participants_[2]->up();
  }

  void let_all_end() {
    const Micros began = world_.now();
    while (!clients_.satisfied() || !all_up() || orders_.in_flight() > 0) {
      require(world_.step(began + kEndsWithin), "I5",
              "not everything ended within " + std::to_string(kEndsWithin / kSecond) + " s of the last fault: " +
                  std::to_string(orders_.in_flight()) + " orders in flight; " + clients_.waiting_for());
      require(world_.events_run() < kMostEvents, "liveness", "the run goes in circles");
    }
    const Micros took = world_.now() - began;
    world_.tally.most("simulated ms until all had ended", took / kMillisecond);
    world_.note("world", "all has ended");
    run_until(world_.now() + kSecond / 2);  // what still travels arrives, and changes nothing
  }

  /// What was told must be on the disks: the power is cut, and everything is read again.
  void prove() {
    world_.ending = true;
    for (auto& participant : participants_) participant->kill(true);
    orders_.kill(true);
    for (auto& participant : participants_) participant->start();
    orders_.start();
    require(all_up(), "I5", "a service does not start any more");
    require(orders_.in_flight() == 0, "I6", "an order that had ended runs again after a power cut");
    const Books books(orders_.database(),
                      {participants_[0]->database(), participants_[1]->database(), participants_[2]->database()});
    books.check_orders_ended();
    books.check_effects();
    books.check_credits_and_stock({workload_.initial_credits.value, clients_.changes()});
    books.check_projections();
    books.check_against_what_was_told(clients_.purchases());
    check_memory(books);
    check_audit();
  }

  /// What a restarted participant has in memory is what its journal says.
  void check_memory(const Books& books) const {
    for (std::size_t i = 0; i < participants_.size(); ++i) {
      const auto& book = participants_[i]->book();
      for (const auto& [holder, balance] : books.balances(i)) {
        const auto id = book.find_name(holder);
        require(id != participant::kNoName && book.holding(id).balance == balance, "I2",
                std::string(participants_[i]->name()) + " remembers another balance of " + holder + " than it wrote");
      }
    }
  }

  /// The product's own proof comes to the same.
  void check_audit() {
    order::AuditRules rules;
    std::map<OrderId, order::Operations> operations;
    for (std::size_t i = 0; i < participants_.size(); ++i) {
      auto audit = participant::SqliteAudit::open(participants_[i]->database(), participants_[i]->rules().terms());
      require(audit.has_value(), "audit", "cannot be opened");
      for (auto next = (*audit)->next(); next && *next; next = (*audit)->next()) {
        const auto& found = **next;
        operations[found.order][i] = order::AuditedOperation{found.order,
                                                             found.state == participant::OperationState::kDone,
                                                             std::string(participant::to_string(found.state)),
                                                             found.holder,
                                                             found.item,
                                                             found.amount};
      }
      const auto totals = (*audit)->totals();
      require(totals.has_value(), "audit", "cannot be read");
      rules.totals(static_cast<saga::Participant>(i), {totals->put_in, totals->held, totals->violations});
    }
    auto archive = order::SqliteArchive::open(orders_.database());
    require(archive.has_value() && (*archive)->begin_audit().has_value(), "audit", "the orders cannot be read");
    for (auto next = (*archive)->next_audited(); next && *next; next = (*archive)->next_audited()) {
      rules.order(**next, operations[(*next)->id]);
      operations.erase((*next)->id);
    }
    for (const auto& [id, left] : operations) rules.unknown(id);
    const auto report = rules.report();
    if (!report.ok) violated("audit", report.violations.front().rule + ": " + report.violations.front().detail);
  }

  World world_;
  const Micros span_;
  const Workload workload_;
  const payment::Rules payment_;
  const inventory::Rules inventory_;
  const delivery::Rules delivery_;
  std::array<std::unique_ptr<ParticipantNode>, saga::kPlan.size()> participants_;
  OrderNode orders_;
  Clients clients_;
  Faults faults_;
};

}  // namespace

RunResult run_seed(std::uint64_t seed, bool prints, Tally& tally) {
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, static_cast<int>((seed & 0x7FFFFFFF) | 1U), nullptr);
  RunResult result;
  Simulation simulation(seed, prints, tally);
  try {
    simulation.run();
  } catch (const Violation& violation) {
    result.passed = false;
    result.violation = violation.what();
  }
  result.hash = simulation.world().log.hash();
  result.events = simulation.world().events_run();
  result.orders = simulation.order_count();
  return result;
}

}  // namespace ldt::simulation
