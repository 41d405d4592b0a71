// Liveness: from any world, once faults stop, the order comes to an end.
// Depends on driver.h. Invariant: it never counts on a message that was on its way before the faults stopped.
#pragma once

#include "model/driver.h"
#include "model/fingerprints.h"

namespace ldt::model {

/// The closing run: every message that is on its way is lost, what was decided but not durable is lost, and from then
/// on nothing fails. Each engine goes on in turn until it has nothing more to do; if none is left and the row has not
/// ended, one takes the order over; a user cancels what is held.
class Closing {
 public:
  explicit Closing(const Driver& driver) : driver_(driver) {}

  /// What is wrong with the end that is reached from here, or on the way to it; nullptr: nothing.
  [[nodiscard]] const char* harm_after(const World& world, Story* story = nullptr);
  /// Worlds that are known to end well.
  [[nodiscard]] std::size_t size() const { return ends_well_.size(); }

 private:
  bool step(World& world, Story* story) const;
  void go_on(World& world, std::size_t engine, Story* story) const;
  void apply(World& world, Move move, Story* story) const;
  void deliver(World& world, std::size_t engine, Story* story) const;

  const Driver& driver_;
  Fingerprints ends_well_;
};

}  // namespace ldt::model
