// What goes wrong by itself while the faults last: drawn from the seed, so that each run is bad in its own way.
// Depends on the nodes. Invariant: after stop() nothing goes wrong any more but what orders ask for.
#pragma once

#include <vector>

#include "simulation/node.h"

namespace ldt::simulation {

class Faults {
 public:
  Faults(World& world, std::vector<Node*> nodes);

  /// Begins, for so long; the runs that are spared have none.
  void start(Micros span);
  /// Heals the network and the disks. Processes that are down come back by themselves.
  void stop();

 private:
  void strike();
  void cut_one_direction();
  void trouble_disk(Node& node);
  Node& any() { return *nodes_[world_.random.below(nodes_.size())]; }

  World& world_;
  const std::vector<Node*> nodes_;
  Micros end_ = 0;
  Micros mean_pause_ = 0;
  bool kills_ = false;
  bool cuts_power_ = false;
  bool partitions_ = false;
  bool troubles_disks_ = false;
  bool dies_while_writing_ = false;
  bool jumps_clocks_ = false;
};

}  // namespace ldt::simulation
