// What the order service did, second by second, for the last ten minutes, and in all since its start.
// The engine's thread counts, any thread reads. Invariant: counting takes a few dozen nanoseconds and allocates
// nothing; a reader holds the engine up for a copy of what it asked for, no longer.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "saga/vocabulary.h"
#include "services/order/engine/observer.h"
#include "services/order/events/latency_histogram.h"

namespace ldt::order {

inline constexpr std::size_t kOutcomeCount = 8;  // saga::Outcome, kNone included

struct ActivityCounts {
  std::uint64_t accepted = 0;
  std::uint64_t completed = 0;
  std::uint64_t reverted = 0;
  std::array<std::uint64_t, kOutcomeCount> outcomes{};
};

struct ActivitySecond {
  ActivityCounts counts;
  LatencyHistogram latency;     // acceptance to end, of the orders that ended in it
  std::uint64_t in_flight = 0;  // at its end
};

struct ActivityReport {
  WallTime now;
  WallTime since;
  WallTime first_at;  // when the first of `seconds` began
  InFlight in_flight;
  ActivityCounts totals;
  std::vector<ActivitySecond> seconds;  // oldest first, only past ones
};

class Activity final : public Observer {
 public:
  static constexpr std::size_t kSeconds = 600;

  /// Begins now. `clock` must outlive it.
  explicit Activity(const Clock& clock);

  /// The last `seconds` whole seconds, or as many as there were since the start.
  [[nodiscard]] ActivityReport report(std::size_t seconds) const;

  void accepted(const OrderRow& row, bool recovered) override;
  void attempt_ended(const OrderRow&, const Attempt&, const SpanId&, std::string_view, std::string_view) override {}
  void ended(const OrderRow& row) override;
  void needs_attention(const OrderRow&, std::string_view) override {}
  void committed(std::chrono::nanoseconds, std::size_t) override {}
  void storage_failed(std::string_view) override {}
  void rests(const InFlight& in_flight) override;

 private:
  /// The second that is now; those in between have become past ones.
  ActivitySecond& current() const;

  const Clock& clock_;
  const WallTime since_;
  SteadyTime origin_;  // second 0 began, on a whole second of the wall clock
  mutable std::mutex mutex_;
  mutable std::int64_t second_ = 0;              // which one is now, counted from the origin
  mutable std::vector<ActivitySecond> seconds_;  // a ring: second s is at s % size
  InFlight in_flight_;
  ActivityCounts totals_;
};

}  // namespace ldt::order
