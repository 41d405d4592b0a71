// Counts durations in buckets that grow with them: eight to every doubling, so that a percentile is at most an eighth
// too high. Pure. Invariant: adding one touches one counter and allocates nothing.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace ldt::order {

class LatencyHistogram {
 public:
  void add(std::chrono::microseconds duration) {
    ++counts_[bucket_of(duration)];
    ++total_;
  }

  /// A duration that `per_mille` of all are not longer than: the upper end of its bucket; nothing where there are none.
  [[nodiscard]] std::optional<std::chrono::microseconds> percentile(std::uint32_t per_mille) const {
    if (total_ == 0) return std::nullopt;
    const std::uint64_t rank = std::max<std::uint64_t>(1, (std::uint64_t{total_} * per_mille + 999) / 1000);
    std::uint64_t seen = 0;
    std::size_t bucket = 0;
    while (bucket + 1 < kBuckets && (seen += counts_[bucket]) < rank) ++bucket;
    return upper_end(bucket);
  }

  [[nodiscard]] std::uint32_t total() const { return total_; }

 private:
  static constexpr unsigned kSplit = 3;  // a doubling has 2^kSplit buckets
  static constexpr unsigned kFirst = 5;  // what is below 2^kFirst us shares one bucket
  static constexpr unsigned kLast = 32;  // what is 2^kLast us (an hour and more) or above is in the last bucket
  static constexpr std::size_t kBuckets = 1 + ((kLast - kFirst) << kSplit);

  static std::size_t bucket_of(std::chrono::microseconds duration) {
    if (duration.count() < (std::int64_t{1} << kFirst)) return 0;
    const auto value = std::min<std::uint64_t>(static_cast<std::uint64_t>(duration.count()), (1ULL << kLast) - 1);
    const unsigned doubling = static_cast<unsigned>(std::bit_width(value)) - 1;
    const auto within = static_cast<std::size_t>(value >> (doubling - kSplit)) & ((1U << kSplit) - 1);
    return 1 + ((doubling - kFirst) << kSplit) + within;
  }

  static std::chrono::microseconds upper_end(std::size_t bucket) {
    if (bucket == 0) return std::chrono::microseconds((1U << kFirst) - 1);
    const std::size_t doubling = ((bucket - 1) >> kSplit) + kFirst;
    const std::uint64_t within = ((bucket - 1) & ((1U << kSplit) - 1)) + (1U << kSplit);
    return std::chrono::microseconds(((within + 1) << (doubling - kSplit)) - 1);
  }

  std::array<std::uint32_t, kBuckets> counts_{};
  std::uint32_t total_ = 0;
};

}  // namespace ldt::order
