// What every fuzz target asserts with: a property that does not hold is a crash, which libFuzzer keeps the input of.
// Depends on nothing.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace ldt::fuzz {

/// The input as text.
inline std::string_view text_of(const unsigned char* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

[[noreturn]] inline void broken(const char* property, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: this must hold: %s\n", file, line, property);
  std::abort();
}

}  // namespace ldt::fuzz

#define REQUIRE(property) ((property) ? static_cast<void>(0) : ::ldt::fuzz::broken(#property, __FILE__, __LINE__))
