// What a process holds on to, as /proc tells: memory and descriptors. For tests of what must not grow.
#pragma once

#include <sys/types.h>

#include <cstddef>

namespace ldt::testing {

struct Vitals {
  long resident_kib = 0;
  long peak_kib = 0;  // of the resident memory, since forget_peak()
  std::size_t descriptors = 0;
};

/// Zeros for a process that is gone.
[[nodiscard]] Vitals vitals_of(pid_t pid);
/// Starts the peak anew.
void forget_peak(pid_t pid);
/// Built with a sanitizer, which keeps freed memory for a while: how much it holds says nothing.
[[nodiscard]] bool is_sanitized(pid_t pid);

}  // namespace ldt::testing
