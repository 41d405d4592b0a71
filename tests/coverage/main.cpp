// The entry of the counted test programs. Depends on GoogleTest and gcov's runtime.
// Invariant: a process that a failed CHECK ends, as death tests want, has its counters written all the same.
#include <csignal>

#include <gtest/gtest.h>

extern "C" void __gcov_dump();

namespace {

void write_counters_and_abort(int) {
  __gcov_dump();
  std::signal(SIGABRT, SIG_DFL);
  std::raise(SIGABRT);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGABRT, write_counters_and_abort);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
