// Knows the oldest order that has not ended, from what is accepted and what ends.
// Pure. Invariant: each call takes constant time on the average, and no memory but for orders that stay open very long.
#pragma once

#include <algorithm>
#include <bitset>
#include <cstdint>
#include <set>

namespace ldt::order {

class OpenOrders {
 public:
  /// Orders up to `newest` have ended, but for those that open() names. @param gaps  rows are in order, but not
  /// numbered one by one; each then costs memory while it is open
  void begin(std::int64_t newest, bool gaps = false) {
    newest_ = newest;
    head_ = newest + 1;
    gaps_ = gaps;
  }

  /// Rows are numbered without gaps: one that was passed over has been stored, and its order is not known to be
  /// accepted.
  void open(std::int64_t row) {
    if (gaps_) {
      head_ = std::max(head_, row + 1);
      newest_ = head_ - 1;
    }
    if (row < head_) {
      long_open_.insert(row);
      return;
    }
    while (newest_ < row) {
      ++newest_;
      if (newest_ - head_ >= kWindow) leave_window();
      open_.set(slot(newest_));
    }
  }

  void close(std::int64_t row) {
    if (row < head_) {
      long_open_.erase(row);
      return;
    }
    if (gaps_) return;  // never told to be accepted
    open(row);          // the same
    open_.reset(slot(row));
    while (head_ <= newest_ && !open_.test(slot(head_))) ++head_;
  }

  [[nodiscard]] bool contains(std::int64_t row) const {
    return row < head_ ? long_open_.contains(row) : row <= newest_ && open_.test(slot(row));
  }
  /// One that has not ended; the next one to come where all have.
  [[nodiscard]] std::int64_t oldest() const { return long_open_.empty() ? head_ : *long_open_.begin(); }
  [[nodiscard]] std::int64_t newest() const { return newest_; }

 private:
  static constexpr std::int64_t kWindow = 1 << 16;

  static std::size_t slot(std::int64_t row) { return static_cast<std::size_t>(row % kWindow); }

  void leave_window() {
    if (open_.test(slot(head_))) long_open_.insert(head_);
    open_.reset(slot(head_));
    ++head_;
  }

  bool gaps_ = false;
  std::int64_t newest_ = 0;
  std::int64_t head_ = 1;             // of the window: rows from here to newest_
  std::bitset<kWindow> open_;         // by slot
  std::set<std::int64_t> long_open_;  // before the window
};

}  // namespace ldt::order
