#include "cluster/options.h"

#include <stdexcept>

#include "support/option_number.h"

namespace ldt::testing {

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
    } else if (word == "--mixture") {
      options.mixture = true;
    } else if (word == "--list") {
      options.list = true;
    } else if (word == "--minutes") {
      options.minutes = option_number<double>(word, value(), 0.5, 1440);
    } else if (word == "--seed") {
      options.seed = option_number<std::uint64_t>(word, value(), 0, UINT64_MAX);
    } else if (word == "--rate") {
      options.rate = option_number<int>(word, value(), 1, 100'000);
    } else if (word == "--replicas") {
      options.replicas = option_number<int>(word, value(), 2, 8);
    } else if (word == "--only") {
      options.only = value();
    } else {
      throw std::invalid_argument("there is no option '" + word + "'");
    }
  }
  return options;
}

}  // namespace ldt::testing
