// Counts durations in buckets that are at most 0.8 % wide, from 1 ns to centuries, in the manner of HdrHistogram.
// Pure. Invariant: a percentile is never less than the true one, and at most 0.8 % more.
#pragma once

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ldt::bench {

class Histogram {
 public:
  void record(std::chrono::nanoseconds duration) {
    const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0));
    ++counts_[bucket_of(value)];
    ++count_;
    max_ = std::max(max_, value);
  }

  void clear() { *this = Histogram(); }

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] std::chrono::nanoseconds max() const { return std::chrono::nanoseconds(max_); }

  /// The duration that this share of all, 0 to 1, does not exceed; zero where nothing was recorded.
  [[nodiscard]] std::chrono::nanoseconds percentile(double share) const {
    const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      seen += counts_[bucket];
      if (seen >= wanted && seen > 0) return std::chrono::nanoseconds(std::min(last_of(bucket), max_));
    }
    return {};
  }

 private:
  static constexpr int kBits = 7;  // a power of two is cut into 2^kBits buckets
  static constexpr std::uint64_t kCuts = 1U << kBits;

  static std::size_t bucket_of(std::uint64_t value) {
    const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - kBits - 1);
    return static_cast<std::size_t>(shift) * kCuts + static_cast<std::size_t>(value >> shift);
  }
  /// The greatest value that is in the bucket.
  static std::uint64_t last_of(std::size_t bucket) {
    if (bucket < 2 * kCuts) return bucket;
    const auto shift = bucket / kCuts - 1;
    return ((bucket % kCuts + kCuts + 1) << shift) - 1;
  }

  std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>((64 - kBits + 1) * kCuts);
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace ldt::bench
