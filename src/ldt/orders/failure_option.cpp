#include "ldt/orders/failure_option.h"

#include <charconv>
#include <utility>

#include "ldt/output/text.h"

namespace ldt {
namespace {

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

/// Cuts off the text up to the separator and returns it.
std::string_view next_part(std::string_view& text, char separator) {
  const auto at = text.find(separator);
  const auto part = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  return part;
}

bool apply(std::string_view part, FailureOption& option) {
  if (part == "applied") {
    option.applied = true;
    return true;
  }
  std::string_view value = part;
  const std::string_view name = next_part(value, '=');
  if (name == "n") return (option.attempts = parse_number(value)).has_value();
  if (name == "delay") return (option.delay_ms = parse_number(value)).has_value();
  if (name == "outcome") return !(option.outcome = upper(value)).empty();
  return false;
}

}  // namespace

Result<FailureOption> parse_failure_option(std::string_view text) {
  const std::string whole(text);
  FailureOption option;
  option.step = next_part(text, '=');
  option.kind = upper(next_part(text, ':'));
  if (option.step.empty() || option.kind.empty()) {
    return failure(ErrorKind::kInvalid, "--fail " + whole + ": expected STEP=KIND, e.g. delivery.deliver=TIMEOUT");
  }
  while (!text.empty()) {
    const auto part = next_part(text, ':');
    if (!apply(part, option)) {
      return failure(ErrorKind::kInvalid,
                     "--fail " + whole + ": '" + std::string(part) + "' is none of applied, n=N, delay=MS, outcome=X");
    }
  }
  return option;
}

}  // namespace ldt
