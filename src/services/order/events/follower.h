// Decides what one reader of all events is told: whose orders, how many a second, and each from its beginning.
// Pure: time arrives as an argument. Invariant: whoever is told of an order is told all of it, from here to its end.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <unordered_set>

#include "base/clock.h"
#include "base/names.h"
#include "services/order/events/order_event.h"

namespace ldt::order {

/// Lets so many orders begin in each second; those that fail come first.
class BeginRate {
 public:
  explicit BeginRate(std::uint32_t per_second) : per_second_(per_second) {}

  bool take(bool failing, SteadyTime now) {
    using std::chrono::seconds;
    if (now - second_began_ >= seconds(1)) {
      failing_before_ = now - second_began_ < seconds(2) ? failing_ : 0;
      failing_ = 0;
      begun_ = 0;
      second_began_ = now;
    }
    if (failing) ++failing_;
    // What failing orders took or wanted in the second before is kept for them, and always a quarter.
    const auto kept = failing ? 0 : std::max(per_second_ / 4, std::min(per_second_, failing_before_));
    if (begun_ >= per_second_ - kept) return false;
    ++begun_;
    return true;
  }

 private:
  std::uint32_t per_second_;
  SteadyTime second_began_{};
  std::uint32_t begun_ = 0;
  std::uint32_t failing_ = 0;  // asked for
  std::uint32_t failing_before_ = 0;
};

enum class Telling : std::uint8_t { kNothing, kEvent, kFromTheBeginning };

class Follower {
 public:
  struct Options {
    std::optional<UserName> user;           // nothing: everybody's orders
    std::optional<std::uint32_t> max_rate;  // nothing: all orders
    std::int64_t owed_through = 0;          // orders up to this one may have been told before
    std::int64_t begun_through = 0;         // orders up to this one were accepted before the stream began
  };

  explicit Follower(Options options) : options_(std::move(options)), rate_(options_.max_rate.value_or(0)) {}

  /// @param row  of the order
  Telling hear(EventKind kind, std::int64_t row, const UserName& user, SteadyTime now) {
    if (options_.user && *options_.user != user) return Telling::kNothing;
    const bool from_its_begin = row > options_.begun_through;
    if (from_its_begin && !options_.max_rate) return Telling::kEvent;
    if (told_.contains(row)) {
      if (is_end(kind)) told_.erase(row);
      return Telling::kEvent;
    }
    if (!may_begin(kind, row, now)) return Telling::kNothing;
    if (!is_end(kind)) told_.insert(row);
    return Telling::kFromTheBeginning;
  }

  [[nodiscard]] const Options& options() const { return options_; }

 private:
  bool may_begin(EventKind kind, std::int64_t row, SteadyTime now) {
    if (!options_.max_rate || row <= options_.owed_through) return true;
    if (tells_of_failure(kind)) return rate_.take(true, now);
    return kind == EventKind::kAccepted && rate_.take(false, now);
  }

  Options options_;
  BeginRate rate_;
  std::unordered_set<std::int64_t> told_;  // rows of orders that have not ended
};

}  // namespace ldt::order
