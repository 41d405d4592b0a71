// Crash points, enumerated: kills and fails the services at every write, sync, rename and send of a fixed script, and
// checks that nothing acknowledged is lost, nothing happens twice and everything ends. Depends on the installed
// programs. Exit: 0 all passed, 1 something failed or nothing ran, 2 bad command line.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <fstream>
#include <optional>
#include <set>
#include <string>

#include "crashes/campaign.h"
#include "crashes/damage.h"
#include "crashes/points.h"
#include "crashes/report.h"

namespace {

using namespace ldt::crashes;
using Passes = std::vector<std::map<int, Point>>;

constexpr std::size_t kDefaultPasses = 125;
constexpr std::size_t kDefaultCreations = 60;

struct Options {
  std::string service, kind, what, phase;
  std::vector<std::string> points;
  std::string journal;
  std::uint64_t seed = 1;
  std::size_t jobs = 4;
  std::size_t passes = kDefaultPasses;
  bool all = false;
  bool list = false;
  bool no_damage = false;
  bool damage_only = false;
};

template <class Names>
CLI::Validator one_of(const Names& names) {
  return CLI::IsMember(std::vector<std::string>(names.begin(), names.end()));
}

void declare(CLI::App& app, Options& options) {
  app.add_flag("--all", options.all, "every point: about an hour on two cores");
  app.add_option("--journal", options.journal, "a file of the points that are done: a second call goes on from there");
  app.add_option("--passes", options.passes, "passes of the script; each strikes up to one point an order")
      ->capture_default_str();
  app.add_option("--service", options.service, "points of this service alone")->check(one_of(kServiceNames));
  app.add_option("--kind", options.kind, "this fault alone")->check(one_of(kFaultNames));
  app.add_option("--class", options.what, "this class of operations alone")->check(one_of(kClassNames));
  app.add_option("--phase", options.phase, "0: setting up, 1..20: an order, stop, recovery, creation");
  app.add_option("--point", options.points,
                 "replay: one pass with these points, e.g. payment:7:wal-write:3:kill; may be repeated");
  app.add_option("--seed", options.seed, "which points beyond one of each, and which writes a power cut drops")
      ->capture_default_str();
  app.add_option("--jobs", options.jobs, "marketplaces side by side")->capture_default_str()->check(CLI::Range(1, 64));
  app.add_flag("--list", options.list, "print the points' names and strike nothing");
  app.add_flag("--no-damage", options.no_damage, "no flipped bits and cut-off files");
  app.add_flag("--damage-only", options.damage_only, "only flipped bits and cut-off files");
}

template <class Enum, class Names>
std::optional<Enum> chosen(const Names& names, const std::string& name) {
  if (name.empty()) return std::nullopt;
  return static_cast<Enum>(std::find(names.begin(), names.end(), name) - names.begin());
}

bool read_wanted(const Options& options, Wanted& wanted) {
  wanted.service = chosen<std::size_t>(kServiceNames, options.service);
  wanted.fault = chosen<Fault>(kFaultNames, options.kind);
  wanted.what = chosen<Class>(kClassNames, options.what);
  if (options.phase.empty()) return true;
  for (int phase = 0; phase < kPhases; ++phase) {
    if (phase_name(phase) == options.phase) wanted.phase = phase;
  }
  return wanted.phase.has_value();
}

bool read_points(const Options& options, Passes& passes) {
  std::map<int, Point> pass;
  for (const auto& name : options.points) {
    const auto point = parse_point(name);
    if (!point || !pass.emplace(point->phase, *point).second) return false;
  }
  if (pass.contains(kCreation) && pass.size() > 1) return false;
  if (!pass.empty()) passes.push_back(std::move(pass));
  return true;
}

/// The i-th pass takes the i-th most interesting point of every phase. A creation takes a marketplace of its own.
Passes plan(const std::vector<Point>& points, const Options& options) {
  std::map<int, std::vector<Point>> by_phase;
  for (const auto& point : points) by_phase[point.phase].push_back(point);
  Passes passes;
  for (auto& [phase, those] : by_phase) {
    const auto ordered = in_order_of_interest(std::move(those), options.seed);
    const auto limit = options.all ? ordered.size() : phase == kCreation ? kDefaultCreations : options.passes;
    const auto first = phase == kCreation ? passes.size() : 0;
    for (std::size_t i = 0; i < std::min(limit, ordered.size()); ++i) {
      if (passes.size() <= first + i) passes.resize(first + i + 1);
      passes[first + i].emplace(phase, ordered[i]);
    }
  }
  return passes;
}

int finish(std::size_t passed, std::size_t failed) {
  std::printf("%zu passed, %zu failed\n", passed, failed);
  return failed == 0 && passed > 0 ? 0 : 1;
}

/// Those that an earlier call with the same journal is not done with.
std::vector<Point> without_done(std::vector<Point> points, const std::string& journal) {
  std::set<std::string> done;
  std::ifstream lines(journal);
  for (std::string line; std::getline(lines, line);) done.insert(line.substr(0, line.find(' ')));
  std::erase_if(points, [&](const Point& point) { return done.contains(name_of(point)); });
  return points;
}

int replay(const Passes& passes) {
  Campaign campaign(1);
  campaign.run(passes);
  const auto& tally = campaign.tally();
  if (tally.not_reached > 0) std::printf("%zu points were not reached\n", tally.not_reached);
  return finish(tally.failed > 0 ? 0 : tally.struck, tally.failed);
}

int run(const Options& options, const Wanted& wanted) {
  if (options.damage_only) {
    const auto damage = run_damage(options.jobs, options.all, options.seed);
    return finish(damage.passed, damage.failed);
  }
  Campaign campaign(options.jobs, options.journal);
  Counts counts{};
  if (!campaign.count(counts)) return finish(0, 1);
  const auto points = enumerate(counts, wanted, options.seed);
  if (options.list) {
    for (const auto& point : points) std::printf("%s\n", name_of(point).c_str());
    return 0;
  }
  const auto left = options.journal.empty() ? points : without_done(points, options.journal);
  if (left.size() < points.size()) std::printf("%zu points are done already\n", points.size() - left.size());
  const auto passes = plan(left, options);
  std::size_t planned = 0;
  for (const auto& pass : passes) planned += pass.size();
  std::printf("%zu of %zu points, in %zu passes\n", planned, points.size(), passes.size());
  campaign.run(passes);
  const auto& tally = campaign.tally();
  write_report(tally, planned, points.size());
  std::size_t passed = tally.struck - std::min(tally.struck, tally.failed);
  std::size_t failed = tally.failed;
  if (!options.no_damage) {
    const auto damage = run_damage(options.jobs, options.all, options.seed);
    passed += damage.passed;
    failed += damage.failed;
  }
  return finish(passed, failed);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Kills and fails the marketplace's services at every write, sync, rename and send of a fixed script.");
  declare(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  Wanted wanted;
  Passes replayed;
  if (!read_wanted(options, wanted) || !read_points(options, replayed)) {
    std::fprintf(stderr, "crashes: there is no such phase or point; --help tells, --list names them\n");
    return 2;
  }
  try {
    return replayed.empty() ? run(options, wanted) : replay(replayed);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "crashes: %s\n", error.what());
    return finish(0, 1);
  }
}
