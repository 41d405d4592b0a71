// What this process costs, and how well its commits are shared.
// Depends on getrusage and /proc. Thread-safe; numbers that belong together may be a moment apart.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ldt::process {

struct Usage {
  std::chrono::microseconds uptime{};
  std::chrono::microseconds cpu{};  // of all threads, in user and in kernel mode
  std::int64_t resident_bytes = 0;  // 0: not known
};

/// Of this process, since it began.
[[nodiscard]] Usage usage();

/// Counts commits and the operations in them.
class CommitCounters {
 public:
  struct Counts {
    std::int64_t commits = 0;
    std::int64_t operations = 0;
    /// Element i: commits of at most 2^i and more than 2^(i-1) operations; without zeros at the end.
    std::vector<std::int64_t> batch_sizes;
  };

  void committed(std::size_t operations) {
    constexpr auto kRelaxed = std::memory_order_relaxed;
    operations_.fetch_add(static_cast<std::int64_t>(operations), kRelaxed);
    const int power = std::bit_width(operations == 0 ? 0 : operations - 1);
    batch_sizes_[std::min<std::size_t>(static_cast<std::size_t>(power), kPowers - 1)].fetch_add(1, kRelaxed);
  }

  [[nodiscard]] Counts counts() const;

 private:
  static constexpr std::size_t kPowers = 32;
  std::atomic<std::int64_t> operations_{0};
  std::array<std::atomic<std::int64_t>, kPowers> batch_sizes_{};
};

}  // namespace ldt::process
