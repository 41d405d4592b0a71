#include "failures/options.h"

#include <chrono>
#include <stdexcept>

#include "support/option_number.h"

namespace ldt::testing {
namespace {

std::uint64_t today() {
  const auto days = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()).time_since_epoch();
  return static_cast<std::uint64_t>(days.count());
}

}  // namespace

Options parse_options(const std::vector<std::string>& words) {
  Options options;
  options.plan.seed = today();
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto& word = words[i];
    const auto value = [&]() -> const std::string& {
      if (i + 1 == words.size()) throw std::invalid_argument(word + " needs a value");
      return words[++i];
    };
    if (word == "--help") {
      options.help = true;
    } else if (word == "--all") {
      options.plan.every_pair = true;
    } else if (word == "--filter") {
      options.plan.filter = value();
    } else if (word == "--seed") {
      options.plan.seed = option_number<std::uint64_t>(word, value(), 0, UINT64_MAX);
    } else if (word == "--sample") {
      options.plan.sample = option_number<int>(word, value(), 0, 1'000'000);
    } else if (word == "--parallel") {
      options.runner.parallel = option_number<int>(word, value(), 1, 256);
    } else if (word == "--step-timeout-ms") {
      options.step_timeout_ms = option_number<int>(word, value(), 50, 5000);
    } else {
      throw std::invalid_argument("there is no option '" + word + "'");
    }
  }
  return options;
}

}  // namespace ldt::testing
