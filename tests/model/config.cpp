// The explorations, smallest first.
// Depends on config.h.
#include "model/config.h"

#include <algorithm>
#include <array>

namespace ldt::model {
namespace {

using saga::OnFailure;

constexpr std::array kConfigs{
    Config{.name = "one-revert",
           .what = "one engine that crashes and recovers at will; every fault of every kind",
           .engines = 1,
           .on_failure = OnFailure::kRevert,
           .max_attempts = 2,
           .staged = true,
           .every_kind = true},
    Config{.name = "one-hold",
           .what = "the same, and users hold, retry and cancel",
           .engines = 1,
           .on_failure = OnFailure::kHold,
           .max_attempts = 2,
           .staged = true,
           .every_kind = true},
    Config{.name = "two-hold",
           .what = "two engines drive the order at once, and users hold, retry and cancel",
           .engines = 2,
           .on_failure = OnFailure::kHold},
    Config{.name = "two-revert", .what = "two engines drive the order at once", .engines = 2},
    Config{.name = "two-attempts", .what = "the same, and each tries a step twice", .engines = 2, .max_attempts = 2},
    Config{.name = "two-staged",
           .what = "two engines, and participants that crash before they commit",
           .engines = 2,
           .staged = true},
    Config{.name = "two-everything",
           .what = "two engines, every fault of every kind, and users hold, retry and cancel",
           .engines = 2,
           .on_failure = OnFailure::kHold,
           .max_attempts = 2,
           .staged = true,
           .every_kind = true,
           .deep_states = 200'000'000,
           .only_deep = true},
    Config{.name = "three-revert",
           .what = "three engines drive the order at once",
           .engines = 3,
           .states = 3'000'000,
           .deep_states = 200'000'000},
    Config{.name = "three-hold",
           .what = "the same, and users hold, retry and cancel",
           .engines = 3,
           .on_failure = OnFailure::kHold,
           .states = 2'000'000,
           .deep_states = 200'000'000},
};

}  // namespace

std::span<const Config> configs() { return kConfigs; }

const Config* find_config(std::string_view name) {
  const auto found =
      std::find_if(kConfigs.begin(), kConfigs.end(), [&](const auto& config) { return config.name == name; });
  return found == kConfigs.end() ? nullptr : found;
}

}  // namespace ldt::model
