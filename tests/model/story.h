// Tells a way through the model as numbered lines that a person can follow.
// Depends on driver.h.
// Invariant: engines keep their names although the model sorts them.
#pragma once

#include <string>
#include <vector>

#include "model/driver.h"
#include "model/encoding.h"

namespace ldt::model {

class Story {
 public:
  /// What happens next.
  void begin(const World& world, Move move);
  void begin(std::string line) { lines_.push_back(std::move(line)); }
  /// What an engine does about it.
  void add(const saga::Action& action, const saga::Saga& saga);
  /// The engines were put in another order.
  void renamed(const Places& places);
  /// "engine 1" is the first one that is spoken of.
  [[nodiscard]] std::string name(std::size_t engine);
  /// Numbered lines.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::string> lines_;
  std::array<int, kMaxEngines> names_{};  // 0: not spoken of yet
  int spoken_of_ = 0;
};

/// "row REVERTED(TIMEOUT); payment UNDONE (1 applied, 1 reversed); ..."
[[nodiscard]] std::string describe(const World& world);

}  // namespace ldt::model
