// A set of 64-bit fingerprints, as small and fast as one can be: open addressing in one array.
// Depends on nothing.
// Invariant: 0 is no fingerprint; at most three quarters of the array are in use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ldt::model {

/// Two worlds with one fingerprint would be taken for one: among n of them the chance of that is below n^2 / 2^65.
class Fingerprints {
 public:
  /// False where it is in already.
  bool insert(std::uint64_t fingerprint) {
    if ((size_ + 1) * 4 > slots_.size() * 3) grow();
    if (!place(slots_, fingerprint)) return false;
    ++size_;
    return true;
  }
  [[nodiscard]] bool contains(std::uint64_t fingerprint) const {
    for (std::size_t at = home(slots_, fingerprint);; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at] == fingerprint) return true;
      if (slots_[at] == 0) return false;
    }
  }
  void prefetch(std::uint64_t fingerprint) const { __builtin_prefetch(&slots_[home(slots_, fingerprint)]); }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  using Slots = std::vector<std::uint64_t>;
  [[nodiscard]] static std::size_t home(const Slots& slots, std::uint64_t fingerprint) {
    return fingerprint & (slots.size() - 1);
  }
  static bool place(Slots& slots, std::uint64_t fingerprint) {
    std::size_t at = home(slots, fingerprint);
    for (; slots[at] != 0; at = (at + 1) & (slots.size() - 1)) {
      if (slots[at] == fingerprint) return false;
    }
    slots[at] = fingerprint;
    return true;
  }
  void grow() {
    Slots larger(slots_.size() * 2);
    for (const auto fingerprint : slots_) {
      if (fingerprint != 0) place(larger, fingerprint);
    }
    slots_.swap(larger);
  }

  Slots slots_ = Slots(1U << 12U);
  std::size_t size_ = 0;
};

}  // namespace ldt::model
