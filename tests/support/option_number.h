// Reads the numbers among the options of a stage's program.
#pragma once

#include <charconv>
#include <stdexcept>
#include <string>

namespace ldt::testing {

/// Throws std::invalid_argument, for people, where `text` is not a number from `low` to `high`.
template <class Number>
Number option_number(const std::string& option, const std::string& text, Number low, Number high) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= low && value <= high)) {
    throw std::invalid_argument(option + " needs a number from " + std::to_string(low) + " to " + std::to_string(high) +
                                ", not '" + text + "'");
  }
  return value;
}

}  // namespace ldt::testing
