// CHECK: a bug ends the process, in every build; recovery finds out what happened.
// Depends on nothing. Invariant: a failed check never returns.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace ldt {

[[noreturn]] inline void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace ldt

#define CHECK(condition) ((condition) ? static_cast<void>(0) : ::ldt::check_failed(#condition, __FILE__, __LINE__))
