// The order service: the shipped engine, store and archive, run as the server's engine thread runs them.
// Depends on ldt::order_engine. Invariant: inputs are processed in order of arrival; who is answered is answered by the
// engine alone.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "services/order/engine/engine.h"
#include "services/order/storage/sqlite/sqlite_archive.h"
#include "services/order/storage/sqlite/sqlite_store.h"
#include "simulation/link.h"

namespace ldt::simulation {

class OrderNode final : public Node {
 public:
  using Participants = std::array<ParticipantNode*, saga::kPlan.size()>;
  OrderNode(World& world, const std::string& folder, const order::EngineLimits& limits, Participants participants);
  ~OrderNode() override;

  /// What arrives from callers. Dropped if the process is down: they notice by themselves.
  void post(order::Input input);
  /// As GET /v1/orders/{id}: from the engine, else from the archive.
  void get(const OrderId& id, std::function<void(Result<order::OrderView>)> done);
  void participant_died(std::size_t participant, std::uint64_t incarnation, bool power_cut);

  [[nodiscard]] std::size_t in_flight() const;
  [[nodiscard]] std::string database() const { return path("order.db"); }

 private:
  struct Parts;
  class Surroundings;
  class Transport;
  class Watch;

  bool open() override;
  void close(bool orderly) override;
  void wake(Micros when);
  void process();
  void watch_prices();

  const order::EngineLimits limits_;
  const Participants participants_;
  const std::int64_t index_every_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace ldt::simulation
