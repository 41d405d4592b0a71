// Students who buy tokens and operators who restock, grant, push and clear up, over a bad connection; and what they
// were told, which must stay true. Depends on order_node.h and participant_node.h.
// Invariant: every answer is compared with all that was said before of the same order (I5, I6, I7).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "simulation/order_node.h"
#include "simulation/workload.h"

namespace ldt::simulation {

/// What is known of an order to the one who asked for it.
struct Purchase {
  order::NewOrder wanted;
  std::chrono::milliseconds wait{};
  Micros begins = 0;

  std::optional<OrderId> id;
  std::optional<Credits> unit_price;
  std::optional<order::OrderView> final;
  Micros told_at = 0;          // of `final`
  bool over = false;           // nobody asks any more: it has ended, was refused, or its answer was lost for good
  bool accept_failed = false;  // was told so, and asked only once
  std::uint32_t sent = 0;      // how often it was asked for
  std::uint32_t request = 0;   // the one that is waited for
  std::uint32_t looks_after = 0;
};

/// An operator's change, repeated under one key until it is acknowledged.
struct OperatorChange {
  saga::Participant participant = saga::Participant::kPayment;
  std::string holder;
  std::int64_t amount = 0;
  std::string key;  // empty: `amount` is a price
  Micros begins = 0;
  bool acknowledged = false;
};

class Clients {
 public:
  Clients(World& world, OrderNode& orders, OrderNode::Participants participants, Workload workload);

  void start();
  /// All that they wanted has ended or is known never to have been.
  [[nodiscard]] bool satisfied() const;
  /// How far they are, in words, for the one who waits in vain.
  [[nodiscard]] std::string waiting_for() const;

  [[nodiscard]] const std::vector<Purchase>& purchases() const { return purchases_; }
  [[nodiscard]] const std::vector<OperatorChange>& changes() const { return changes_; }

 private:
  using Placing = tl::expected<order::Placed, order::PlaceFailure>;

  void place(std::size_t index);
  void placed(std::size_t index, const Placing& answer, Micros asked);
  void refused(std::size_t index, const order::PlaceFailure& failure);
  void place_later(std::size_t index);
  void place_twin(std::size_t index);
  void follow(std::size_t index);
  void saw(Purchase& purchase, const order::OrderView& view, Micros asked);
  void disturb(std::size_t index);
  void cancel(std::size_t index);

  void apply(std::size_t change);
  void sweep();
  void steer(order::Steering steering, const OrderId& id);

  /// Sends a request; `ask` is run there with the way back for its answer. Either may be lost.
  template <class Answer>
  void request(const std::function<void(std::function<void(Answer)>)>& ask, std::function<void(Answer)> take);
  static std::string describe(const Purchase& purchase);

  World& world_;
  OrderNode& orders_;
  const OrderNode::Participants participants_;
  std::vector<Purchase> purchases_;
  std::vector<OperatorChange> changes_;
  std::map<std::string, OrderId> order_of_key_;
  std::map<OrderId, std::uint32_t> swept_;  // held orders: how often they were retried
};

}  // namespace ldt::simulation
