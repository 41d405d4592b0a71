// Runs the micro-benchmarks and counts them like tests: one fails if the code under it did not do what it should.
// Depends on Google Benchmark. `--smoke` runs each for an instant: that they work, not how fast they are.
// The last line is "N passed, N failed". Exit: 0 all passed, 1 one failed or none ran, 2 wrong usage.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <vector>

#include "bench/fail.h"

namespace {

class CountingReporter final : public benchmark::ConsoleReporter {
 public:
  CountingReporter() : ConsoleReporter(isatty(STDOUT_FILENO) != 0 ? OO_ColorTabular : OO_Tabular) {}

  void ReportRuns(const std::vector<Run>& runs) override {
    reported += static_cast<int>(runs.size());
    ConsoleReporter::ReportRuns(runs);
  }

  int reported = 0;
};

}  // namespace

int main(int argc, char** argv) {
  std::vector<char*> arguments(argv, argv + argc);
  char instant[] = "--benchmark_min_time=0.001";
  for (char*& argument : arguments) {
    if (std::strcmp(argument, "--smoke") == 0) argument = instant;
  }
  int count = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
  CountingReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  const int failed = ldt::testing::failed_benchmarks;
  std::printf("%d passed, %d failed\n", reporter.reported - failed, failed);
  return failed == 0 && reporter.reported > 0 ? 0 : 1;
}
