// Clients that stall: some send half a request and then nothing, some ask for much and never read it.
// Invariant: they harm nobody but themselves, which the load beside them shows.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "chaos/wire.h"

namespace ldt::testing {

class Stalled {
 public:
  explicit Stalled(std::string host_and_port);
  ~Stalled() { end(); }
  Stalled(const Stalled&) = delete;
  Stalled& operator=(const Stalled&) = delete;

  /// Some more of them, for so long.
  void add(double seconds);
  void end();

 private:
  const std::string host_and_port_;
  std::vector<std::jthread> groups_;
};

}  // namespace ldt::testing
