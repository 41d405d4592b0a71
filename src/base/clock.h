// Time as an argument: whoever needs the time is handed a Clock.
// Depends on nothing. Invariant: deadlines use steady(), which never jumps; wall() is only shown to people.
#pragma once

#include <chrono>
#include <cstdint>

namespace ldt {

using SteadyTime = std::chrono::steady_clock::time_point;

/// Microseconds since 1970-01-01T00:00:00Z.
struct WallTime {
  std::int64_t us = 0;
  friend auto operator<=>(const WallTime&, const WallTime&) = default;
};

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual SteadyTime steady() const = 0;
  [[nodiscard]] virtual WallTime wall() const = 0;
};

/// The machine's clocks. The one in production; tests bring their own.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] SteadyTime steady() const override { return std::chrono::steady_clock::now(); }
  [[nodiscard]] WallTime wall() const override {
    using std::chrono::duration_cast;
    return {duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count()};
  }
};

}  // namespace ldt
