#include "cluster/options.h"

#include <charconv>
#include <stdexcept>

namespace ldt::testing {
namespace {

template <class Number>
Number number(const std::string& option, const std::string& text, Number low, Number high) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= low && value <= high)) {
    throw std::invalid_argument(option + " needs a number from " + std::to_string(low) + " to " + std::to_string(high) +
                                ", not '" + text + "'");
  }
  return value;
}

}  // namespace

ClusterOptions parse_cluster_options(const std::vector<std::string>& words) {
  ClusterOptions options;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto& word = words[i];
    const auto value = [&]() -> const std::string& {
      if (i + 1 == words.size()) throw std::invalid_argument(word + " needs a value");
      return words[++i];
    };
    if (word == "--help") {
      options.help = true;
    } else if (word == "--all") {
      options.all = true;
    } else if (word == "--list") {
      options.list = true;
    } else if (word == "--minutes") {
      options.minutes = number<double>(word, value(), 0.5, 1440);
    } else if (word == "--seed") {
      options.seed = number<std::uint64_t>(word, value(), 0, UINT64_MAX);
    } else if (word == "--rate") {
      options.rate = number<int>(word, value(), 1, 100'000);
    } else if (word == "--replicas") {
      options.replicas = number<int>(word, value(), 2, 8);
    } else if (word == "--only") {
      options.only = value();
    } else {
      throw std::invalid_argument("there is no option '" + word + "'");
    }
  }
  return options;
}

}  // namespace ldt::testing
