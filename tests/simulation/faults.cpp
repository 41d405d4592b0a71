// Draws faults and makes them happen.
#include "simulation/faults.h"

namespace ldt::simulation {

Faults::Faults(World& world, std::vector<Node*> nodes) : world_(world), nodes_(std::move(nodes)) {}

void Faults::start(Micros span) {
  Random& random = world_.random;
  if (random.chance(100)) {
    world_.tally.count("runs: spared of faults");
    return;
  }
  kills_ = random.chance(500);
  cuts_power_ = random.chance(400);
  partitions_ = random.chance(400);
  troubles_disks_ = random.chance(400);
  dies_while_writing_ = random.chance(500);
  jumps_clocks_ = random.chance(300);
  if (random.chance(500)) world_.network.loss = static_cast<std::uint32_t>(random.between(1, 80));
  if (random.chance(500)) world_.network.duplicate = static_cast<std::uint32_t>(random.between(1, 150));
  if (random.chance(500)) world_.network.late = static_cast<std::uint32_t>(random.between(1, 100));
  world_.network.usual_us = random.between(50, 5000);
  mean_pause_ = random.between(100, 800) * kMillisecond;
  end_ = world_.now() + span;
  world_.after(random.between(0, 2 * mean_pause_), [this] { strike(); });
}

void Faults::stop() {
  world_.faults = false;
  world_.heal();
  for (auto* node : nodes_) {
    node->disk().faults = {};
    node->disk().die_after(0);
  }
}

void Faults::strike() {
  if (!world_.faults || world_.now() >= end_) return;
  Random& random = world_.random;
  Node& node = any();
  switch (random.below(7)) {
    case 0:
      if (kills_) node.kill(false);
      break;
    case 1:
      if (cuts_power_ && random.chance(200)) {
        for (auto* each : nodes_) each->kill(true);
      } else if (cuts_power_) {
        node.kill(true);
      }
      break;
    case 2:
      if (partitions_) cut_one_direction();
      break;
    case 3:
      if (troubles_disks_) trouble_disk(node);
      break;
    case 4:
      if (dies_while_writing_) node.disk().die_after(static_cast<std::uint32_t>(random.between(1, 40)));
      break;
    case 5:
      if (jumps_clocks_) {
        const Micros by =
            random.chance(300) ? random.between(-86'400, 86'400) * kSecond : random.between(-5000, 5000) * kMillisecond;
        world_.tally.count("fault: wall clock jumped");
        node.jump_wall_clock(by);
      }
      break;
    default:
      if (kills_) node.stop_and_restart();
      break;
  }
  world_.after(random.between(1, 2 * mean_pause_), [this] { strike(); });
}

void Faults::cut_one_direction() {
  Random& random = world_.random;
  const auto other = static_cast<Host>(random.below(3));
  const bool outward = random.chance(500);
  const Host from = outward ? Host::kOrder : other;
  const Host to = outward ? other : Host::kOrder;
  world_.tally.count("fault: partition in one direction");
  world_.note("network", "cut", std::string(to_string(from)) + " -> " + std::string(to_string(to)));
  world_.set_cut(from, to, true);
  world_.after(random.between(20, 2500) * kMillisecond, [this, from, to] { world_.set_cut(from, to, false); });
}

void Faults::trouble_disk(Node& node) {
  Random& random = world_.random;
  auto& faults = node.disk().faults;
  switch (random.below(5)) {
    case 0:
      faults.sync_us = random.between(1, 600) * kMillisecond;
      world_.tally.count("fault: slow disk");
      break;
    case 1:
      faults.full = static_cast<std::uint32_t>(random.chance(500) ? 1000 : random.between(10, 300));
      break;
    case 2:
      faults.write_fails = static_cast<std::uint32_t>(random.between(10, 300));
      break;
    case 3:
      faults.read_fails = static_cast<std::uint32_t>(random.between(10, 300));
      break;
    default:
      faults.sync_fails = static_cast<std::uint32_t>(random.between(20, 600));
      break;
  }
  world_.after(random.between(50, 1500) * kMillisecond, [&node] { node.disk().faults = {}; });
}

}  // namespace ldt::simulation
