// The simulation's program: many seeds, or one again with its log.
// Exit: 0 all passed, 1 a seed failed or something never occurred, 2 bad command line.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <thread>

#include "simulation/disk.h"
#include "simulation/report.h"
#include "simulation/simulation.h"
#include "simulation/workers.h"

namespace {

using namespace ldt::simulation;

constexpr const char* kUsage =
    R"(Simulates the whole marketplace: every seed is a run of its own, with faults of its own.
  ldt-simulation [--seeds N] [--first N] [--jobs N]   N seeds from --first on (10000 from 1), in N processes
  ldt-simulation --seed N [--log]                     one seed; with what happened, event by event
)";

struct Options {
  Seeds seeds;
  std::optional<std::uint64_t> seed;
  bool log = false;
};

int bad(const std::string& what) {
  std::fprintf(stderr, "ldt-simulation: %s\n%s", what.c_str(), kUsage);
  return 2;
}

std::optional<std::uint64_t> number(const char* text) {
  std::uint64_t value = 0;
  const char* end = text + std::strlen(text);
  const auto [last, error] = std::from_chars(text, end, value);
  return error == std::errc{} && last == end ? std::optional(value) : std::nullopt;
}

/// An exit code where there is nothing to run.
std::optional<int> parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--help") {
      std::fputs(kUsage, stdout);
      return 0;
    }
    if (name == "--log") {
      options.log = true;
      continue;
    }
    const bool known = name == "--seed" || name == "--seeds" || name == "--first" || name == "--jobs";
    if (!known) return bad("unknown option " + name);
    const auto value = i + 1 < argc ? number(argv[++i]) : std::nullopt;
    if (!value) return bad(name + " needs a number");
    if (name == "--seed") options.seed = *value;
    if (name == "--seeds") options.seeds.count = *value;
    if (name == "--first") options.seeds.first = *value;
    if (name == "--jobs") options.seeds.jobs = static_cast<unsigned>(*value);
  }
  if (options.seeds.count == 0) return bad("--seeds must be at least 1");
  if (options.seeds.jobs == 0 || options.seeds.jobs > 256) return bad("--jobs must be 1 to 256");
  if (options.log && !options.seed) return bad("--log goes with --seed");
  return std::nullopt;
}

int finish(std::uint64_t passed, std::uint64_t failed) {
  std::printf("%llu passed, %llu failed\n", static_cast<unsigned long long>(passed),
              static_cast<unsigned long long>(failed));
  return passed > 0 && failed == 0 ? 0 : 1;
}

int run_one(std::uint64_t seed, bool log) {
  const WorkingFolder folder;
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a CHECK that fails loses nothing of the log
  Tally tally;
  const auto result = run_seed(seed, log, tally);
  const bool same = run_seed(seed, false, tally).hash == result.hash;
  if (!result.passed) std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), result.violation.c_str());
  if (!same) std::printf("determinism: a second run went another way\n");
  std::printf("%llu events, %llu orders, log %016llx\n", static_cast<unsigned long long>(result.events),
              static_cast<unsigned long long>(result.orders), static_cast<unsigned long long>(result.hash));
  const bool passed = result.passed && same;
  return finish(passed ? 1 : 0, passed ? 0 : 1);
}

void write_page(const std::string& text) {
  const char* folder = std::getenv("LDT_REPORTS");
  if (folder == nullptr) return;
  std::ofstream(std::string(folder) + "/simulation.md") << "# Simulation: what occurred\n\n" << text;
}

int run_many(const Seeds& seeds) {
  const auto began = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count(); };
  Summary summary = run_seeds(
      seeds,
      [](std::uint64_t seed, const std::string& what) {
        const auto number_of = static_cast<unsigned long long>(seed);
        std::printf("FAILED seed %llu: %s\n  replay: ./ldt test simulation --seed %llu --log\n", number_of,
                    what.c_str(), number_of);
        std::fflush(stdout);
      },
      [&](const Summary& so_far) {
        std::fprintf(stderr, "  %llu of %llu seeds, %llu failed, %.0f s\n",
                     static_cast<unsigned long long>(so_far.passed + so_far.failed),
                     static_cast<unsigned long long>(seeds.count), static_cast<unsigned long long>(so_far.failed),
                     seconds());
      });
  const std::string page = table(summary);
  std::fputs(page.c_str(), stdout);
  write_page(page);
  std::printf("%.1f s on %u processes\n", seconds(), seeds.jobs);
  if (seeds.count >= kSeedsForAll && summary.failed == 0) {
    const auto never = missing(summary.tally);
    for (const auto& what : never) std::printf("FAILED I8: never occurred: %s\n", what.c_str());
    if (never.empty()) std::printf("I8: there was progress during the faults, and everything that can occur did\n");
    ++(never.empty() ? summary.passed : summary.failed);
  }
  return finish(summary.passed, summary.failed);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  options.seeds.jobs = std::max(1U, std::thread::hardware_concurrency());
  if (const auto exit_code = parse(argc, argv, options)) return *exit_code;
  Disk::install();
  return options.seed ? run_one(*options.seed, options.log) : run_many(options.seeds);
}
