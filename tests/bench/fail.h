// How a benchmark says that the code under it did not do what it should: such a benchmark fails like a test.
// Depends on Google Benchmark, whose reports of errors differ from version to version.
#pragma once

#include <benchmark/benchmark.h>

namespace ldt::testing {

inline int failed_benchmarks = 0;

inline void fail(benchmark::State& state, const char* why) {
  ++failed_benchmarks;
  state.SkipWithError(why);
}

}  // namespace ldt::testing
