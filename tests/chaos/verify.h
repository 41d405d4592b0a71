// Afterwards: holds everything that the marketplace shows against everything that was told of it.
// Depends on the public API alone.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "chaos/traffic.h"
#include "support/marketplace.h"

namespace ldt::testing {

/// One thing that has to be so.
struct Check {
  std::string what;
  std::string trouble;  // empty: it is so
};

/// Waits until no order is under way. The seconds it took, or -1: not before the deadline; `left` says what is left.
double await_all_ended(const std::string& address, SteadyClock::time_point deadline, std::string& left);

struct Granted {
  std::int64_t credits_per_user = 0, stock = 0, price = 0;
  bool every_outcome = true;  // the run was long enough for each of them
};

/// I1-I7. Every order of the run is listed, so `say` is told of the progress.
[[nodiscard]] std::vector<Check> verify(Marketplace& market, const Traffic& traffic, const Granted& granted,
                                        const std::function<void(const std::string&)>& say);

}  // namespace ldt::testing
