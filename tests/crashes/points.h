// The points at which a service can be struck: enumerated from what a pass without faults counted, named, and chosen.
// Pure. Invariant: a point's name leads back to it, and the order of the choice depends on the seed alone.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "crashes/services.h"

namespace ldt::crashes {

/// Phases of a pass: 0 the setting up, 1..20 the script's orders, then what a restart does.
enum Phase : int { kSetup = 0, kFirstOrder = 1, kLastOrder = 20, kStop = 21, kRecovery = 22, kCreation = 23 };
inline constexpr int kPhases = 24;

struct Point {
  std::size_t service = 0;
  int phase = 0;
  Strike strike;
};

using Counts = std::array<std::array<std::array<std::uint64_t, kClasses>, kServices>, kPhases>;

[[nodiscard]] bool applies(Fault fault, Class what);
[[nodiscard]] std::string phase_name(int phase);
/// "payment:7:wal-write:3:power-cut-some:1": service, phase, class, number, fault, seed.
[[nodiscard]] std::string name_of(const Point& point);
[[nodiscard]] std::optional<Point> parse_point(const std::string& name);

struct Wanted {
  std::optional<std::size_t> service;
  std::optional<Class> what;
  std::optional<Fault> fault;
  std::optional<int> phase;
};

/// All points, each fault at each operation.
[[nodiscard]] std::vector<Point> enumerate(const Counts& counts, const Wanted& wanted, std::uint64_t seed);

/// The points of one phase in the order in which to try them: one of each (service, class), the faults taking turns,
/// then one of each (service, class, fault), then all others in an order that the seed gives.
[[nodiscard]] std::vector<Point> in_order_of_interest(std::vector<Point> points, std::uint64_t seed);

}  // namespace ldt::crashes
