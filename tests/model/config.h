// What one exploration lets happen: how many engines, how failures are handled, which faults.
// Depends on the saga's vocabulary.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "saga/saga.h"

namespace ldt::model {

struct Config {
  std::string_view name;
  std::string_view what;
  std::uint8_t engines = 1;
  saga::OnFailure on_failure = saga::OnFailure::kRevert;
  std::uint32_t max_attempts = 1;
  bool staged = false;       // participants hold a decision in memory before it is durable, and crash between the two
  bool every_kind = false;   // attempts end in UNKNOWN as well as in TIMEOUT; instructions may never let it be accepted
  std::uint64_t states = 0;  // explore at most so many, breadth first; 0: all of them
  std::uint64_t deep_states = 0;  // the same with --deep
  bool only_deep = false;         // not in the default run

  [[nodiscard]] saga::Handling handling() const { return {.max_attempts = max_attempts, .on_failure = on_failure}; }
};

[[nodiscard]] std::span<const Config> configs();
[[nodiscard]] const Config* find_config(std::string_view name);

}  // namespace ldt::model
