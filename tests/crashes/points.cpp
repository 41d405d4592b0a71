#include "crashes/points.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <tuple>

namespace ldt::crashes {
namespace {

constexpr std::array<std::string_view, kPhases - kStop> kPhaseNames{"stop", "recovery", "creation"};

template <class Names>
std::optional<std::size_t> index_of(const Names& names, const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

template <class Number>
bool to_number(const std::string& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

std::optional<int> phase_of(const std::string& name) {
  int number = 0;
  if (to_number(name, number) && number >= kSetup && number <= kLastOrder) return number;
  if (const auto index = index_of(kPhaseNames, name)) return kStop + static_cast<int>(*index);
  return std::nullopt;
}

bool wants(const Wanted& wanted, const Point& point) {
  return (!wanted.service || *wanted.service == point.service) && (!wanted.what || *wanted.what == point.strike.what) &&
         (!wanted.fault || *wanted.fault == point.strike.fault) && (!wanted.phase || *wanted.phase == point.phase);
}

bool is_of_a_database(Class what) {
  return what == Class::kDatabaseWrite || what == Class::kWalWrite || what == Class::kDatabaseSync ||
         what == Class::kWalSync;
}

}  // namespace

bool applies(Fault fault, Class what) {
  switch (fault) {
    case Fault::kKill:
      return true;
    case Fault::kTorn:
    case Fault::kShort:
      return is_write(what) || is_send(what);
    case Fault::kPowerCut:
    case Fault::kPowerCutSome:
      return is_of_a_database(what) || is_send(what) || what == Class::kTruncate || what == Class::kUnlink;
    case Fault::kStallCut:
      return what == Class::kWalWrite || what == Class::kWalSync;
    case Fault::kEio:
      return !is_send(what);
    case Fault::kEioLost:
      return what == Class::kDatabaseSync || what == Class::kWalSync;
    case Fault::kEnospc:
    case Fault::kDiskFull:
      return is_write(what);
    case Fault::kReset:
      return is_send(what);
  }
  return false;
}

std::string phase_name(int phase) {
  return phase <= kLastOrder ? std::to_string(phase)
                             : std::string(kPhaseNames.at(static_cast<std::size_t>(phase - kStop)));
}

std::string name_of(const Point& point) {
  std::ostringstream name;
  const auto& [fault, what, number, seed] = point.strike;
  name << kServiceNames.at(point.service) << ":" << phase_name(point.phase) << ":"
       << kClassNames.at(static_cast<std::size_t>(what)) << ":" << number << ":"
       << kFaultNames.at(static_cast<std::size_t>(fault)) << ":" << seed;
  return name.str();
}

std::optional<Point> parse_point(const std::string& name) {
  std::vector<std::string> parts;
  std::istringstream stream(name);
  for (std::string part; std::getline(stream, part, ':');) parts.push_back(part);
  if (parts.size() == 5) parts.emplace_back("1");
  if (parts.size() != 6) return std::nullopt;
  const auto service = index_of(kServiceNames, parts[0]);
  const auto phase = phase_of(parts[1]);
  const auto what = index_of(kClassNames, parts[2]);
  const auto fault = index_of(kFaultNames, parts[4]);
  Point point;
  if (!service || !phase || !what || !fault || !to_number(parts[3], point.strike.number) ||
      !to_number(parts[5], point.strike.seed)) {
    return std::nullopt;
  }
  point.service = *service;
  point.phase = *phase;
  point.strike.what = static_cast<Class>(*what);
  point.strike.fault = static_cast<Fault>(*fault);
  if (!applies(point.strike.fault, point.strike.what)) return std::nullopt;
  return point;
}

std::vector<Point> enumerate(const Counts& counts, const Wanted& wanted, std::uint64_t seed) {
  std::vector<Point> points;
  for (int phase = 0; phase < kPhases; ++phase) {
    for (std::size_t service = 0; service < kServices; ++service) {
      for (std::size_t what = 0; what < kClasses; ++what) {
        for (std::size_t fault = 0; fault < kFaults; ++fault) {
          if (!applies(static_cast<Fault>(fault), static_cast<Class>(what))) continue;
          const auto count = counts.at(static_cast<std::size_t>(phase)).at(service).at(what);
          for (std::uint64_t number = 1; number <= count; ++number) {
            const Point point{service, phase, {static_cast<Fault>(fault), static_cast<Class>(what), number, seed}};
            if (wants(wanted, point)) points.push_back(point);
          }
        }
      }
    }
  }
  return points;
}

std::vector<Point> in_order_of_interest(std::vector<Point> points, std::uint64_t seed) {
  if (points.empty()) return points;
  std::mt19937_64 random(seed * 1000 + static_cast<std::uint64_t>(points.front().phase));
  std::shuffle(points.begin(), points.end(), random);
  std::set<std::tuple<std::size_t, Class>> operations;
  std::set<std::tuple<std::size_t, Class, Fault>> faults;
  std::map<const Point*, int> rank;
  for (const auto& point : points) {
    const bool new_operation = operations.emplace(point.service, point.strike.what).second;
    const bool new_fault = faults.emplace(point.service, point.strike.what, point.strike.fault).second;
    rank[&point] = new_operation ? 0 : new_fault ? 1 : 2;
  }
  std::vector<Point> ordered;
  for (const int wanted : {0, 1, 2}) {
    for (const auto& point : points) {
      if (rank[&point] == wanted) ordered.push_back(point);
    }
  }
  return ordered;
}

}  // namespace ldt::crashes
