// The span ids of an order's attempts.
// Pure. Invariant: the same whenever it is asked for, so that an order whose trace is sampled only from some moment on
// can still tell of the attempts before it, under the ids that their log records and participants were given.
#pragma once

#include <cstdint>
#include <cstring>

#include "base/trace_context.h"
#include "saga/vocabulary.h"

namespace ldt::order {

/// @param saga  the order's own span
/// @param salt  0; anything else for an order that a crash may have taken attempts from: they are counted anew
[[nodiscard]] inline SpanId attempt_span(const SpanId& saga, saga::Step step, std::uint32_t number,
                                         std::uint64_t salt) {
  std::uint64_t z = 0;
  std::memcpy(&z, saga.data(), saga.size());
  z += salt + (static_cast<std::uint64_t>(number) * 16 + static_cast<std::uint64_t>(step) + 1) * 0x9E3779B97F4A7C15ULL;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;  // SplitMix64: ids need to differ, not to be secret
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
  return make_span_id(z ^ (z >> 31U));
}

}  // namespace ldt::order
