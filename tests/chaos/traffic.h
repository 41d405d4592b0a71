// The orders of a run and what has been told of each. Order n is the same in every run of one seed and rate.
// Invariant: what was told once of an order is never forgotten, so that a later word can be held against it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "chaos/wire.h"

namespace ldt::testing {

enum class Final : std::uint8_t { kNone, kCompleted, kReverted };
[[nodiscard]] Final final_of(std::string_view state);

/// One order, by its idempotency key.
struct Known {
  std::string id;  // empty: not acknowledged
  Final told = Final::kNone;
  std::string outcome;
};

class Traffic {
 public:
  static constexpr std::uint32_t kUsers = 128;
  static constexpr const char* kSku = "chaos";

  Traffic(std::uint64_t seed, std::string host) : seed_(seed), host_(std::move(host)) {}

  /// Another order to place.
  std::uint32_t add();
  /// From the next order on, a share of them carries failure instructions. Again: no change.
  /// @param rate  orders a second, so that processes are not struck too often
  void carry_failures(int rate);
  /// The whole HTTP request that places it; the same however often it is asked for.
  [[nodiscard]] std::string request(std::uint32_t order) const;
  [[nodiscard]] std::string look(std::uint32_t order) const;
  [[nodiscard]] static std::string user_of(std::uint32_t order) { return "user-" + std::to_string(order % kUsers); }

  /// Takes note of an answer that shows the order. True where it is the first.
  bool note(std::uint32_t order, std::string_view body);
  void object(const std::string& what);

  [[nodiscard]] const Known& known(std::uint32_t order) const { return orders_[order]; }
  [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(orders_.size()); }
  /// The first of them in words, and how many there were.
  [[nodiscard]] const std::vector<std::string>& changed_ends() const { return changed_ends_; }
  [[nodiscard]] const std::vector<std::string>& changed_ids() const { return changed_ids_; }
  [[nodiscard]] const std::vector<std::string>& objections() const { return objections_; }

 private:
  [[nodiscard]] std::string instructions(std::uint32_t order) const;

  const std::uint64_t seed_;
  const std::string host_;
  std::uint32_t failures_from_ = UINT32_MAX;
  std::uint32_t crash_every_ = UINT32_MAX;
  std::vector<Known> orders_;
  std::vector<std::string> changed_ends_, changed_ids_, objections_;
};

}  // namespace ldt::testing
