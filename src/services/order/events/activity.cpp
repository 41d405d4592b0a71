#include "services/order/events/activity.h"

#include <algorithm>

namespace ldt::order {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;

void count_end(ActivityCounts& counts, const OrderRow& row, saga::Outcome outcome) {
  ++(row.state == saga::OrderState::kCompleted ? counts.completed : counts.reverted);
  ++counts.outcomes[static_cast<std::size_t>(outcome)];
}

}  // namespace

Activity::Activity(const Clock& clock)
    : clock_(clock),
      since_(clock.wall()),
      origin_(clock.steady() - std::chrono::microseconds(since_.us % kSecondUs)),
      seconds_(kSeconds + 1) {}

ActivitySecond& Activity::current() const {
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(clock_.steady() - origin_).count();
  second_ = std::max(second_, now - static_cast<std::int64_t>(seconds_.size()));  // all older ones are empty
  while (second_ < now) {
    ActivitySecond& next = seconds_[static_cast<std::size_t>(++second_) % seconds_.size()];
    next = ActivitySecond{};
    next.in_flight = in_flight_.orders;
  }
  return seconds_[static_cast<std::size_t>(second_) % seconds_.size()];
}

void Activity::accepted(const OrderRow&, bool recovered) {
  if (recovered) return;  // by the process before this one
  const std::lock_guard lock(mutex_);
  ++current().counts.accepted;
  ++totals_.accepted;
}

void Activity::ended(const OrderRow& row) {
  const auto outcome = row.state == saga::OrderState::kCompleted ? saga::Outcome::kSuccess : row.reason;
  const std::lock_guard lock(mutex_);
  ActivitySecond& second = current();
  count_end(second.counts, row, outcome);
  count_end(totals_, row, outcome);
  if (row.finished_at) second.latency.add(std::chrono::microseconds(row.finished_at->us - row.created_at.us));
}

void Activity::rests(const InFlight& in_flight) {
  const std::lock_guard lock(mutex_);
  current().in_flight = in_flight.orders;  // after current(): those in between had what there was before
  in_flight_ = in_flight;
}

ActivityReport Activity::report(std::size_t seconds) const {
  ActivityReport report;
  report.now = clock_.wall();
  report.since = since_;
  report.seconds.reserve(std::min(seconds, kSeconds));  // before the lock: nobody waits for it
  const std::lock_guard lock(mutex_);
  current();
  const auto count = std::min({seconds, kSeconds, static_cast<std::size_t>(second_)});
  report.in_flight = in_flight_;
  report.totals = totals_;
  const std::int64_t first = second_ - static_cast<std::int64_t>(count);
  for (std::int64_t second = first; second < second_; ++second) {
    report.seconds.push_back(seconds_[static_cast<std::size_t>(second) % seconds_.size()]);
  }
  // From the wall clock of now, which may have been set since the start; on whole seconds.
  const auto ago = clock_.steady() - (origin_ + std::chrono::seconds(first));
  const auto at = report.now.us - std::chrono::duration_cast<std::chrono::microseconds>(ago).count();
  report.first_at = {(at + kSecondUs / 2) / kSecondUs * kSecondUs};
  return report;
}

}  // namespace ldt::order
