// What occurred over all runs of a process: counts by name, for I8 and for the table that is printed.
// Pure. Invariant: counting changes nothing in a run.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace ldt::simulation {

class Tally {
 public:
  void count(std::string_view what, std::int64_t by = 1) {
    const auto found = counts_.find(what);
    if (found != counts_.end()) {
      found->second += by;
    } else {
      counts_.emplace(what, by);
    }
  }
  /// Keeps the largest.
  void most(std::string_view what, std::int64_t value) {
    auto& kept = most_[std::string(what)];
    if (value > kept) kept = value;
  }
  [[nodiscard]] const std::map<std::string, std::int64_t, std::less<>>& counts() const { return counts_; }
  [[nodiscard]] const std::map<std::string, std::int64_t, std::less<>>& mosts() const { return most_; }
  void clear() {
    counts_.clear();
    most_.clear();
  }

 private:
  std::map<std::string, std::int64_t, std::less<>> counts_;
  std::map<std::string, std::int64_t, std::less<>> most_;
};

}  // namespace ldt::simulation
