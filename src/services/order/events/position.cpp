#include "services/order/events/position.h"

#include <array>
#include <charconv>

namespace ldt::order {
namespace {

constexpr std::size_t kPlain = 5;
constexpr std::size_t kCatchingUp = 7;

void append_hex(std::string& out, std::uint64_t number) {
  std::array<char, 16> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr;
  if (!out.empty()) out.push_back('-');
  out.append(digits.data(), end);
}

std::optional<std::uint64_t> hex(std::string_view text) {
  std::uint64_t number = 0;
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number, 16);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return number;
}

std::int64_t is_signed(std::uint64_t number) { return static_cast<std::int64_t>(number); }

}  // namespace

std::string to_string(const Position& position) {
  std::string text;
  append_hex(text, position.process);
  append_hex(text, position.next);
  append_hex(text, static_cast<std::uint64_t>(position.mark.since.us));
  append_hex(text, static_cast<std::uint64_t>(position.mark.open_from));
  append_hex(text, static_cast<std::uint64_t>(position.mark.newest));
  if (position.told) {
    append_hex(text, static_cast<std::uint64_t>(position.told->since.us));
    append_hex(text, static_cast<std::uint64_t>(position.told->open_from));
  }
  return text;
}

std::optional<Position> parse_position(std::string_view text) {
  std::array<std::uint64_t, kCatchingUp> numbers{};
  std::size_t count = 0;
  while (true) {
    const auto dash = text.find('-');
    const auto number = hex(text.substr(0, dash));
    if (!number || count == numbers.size()) return std::nullopt;
    numbers[count++] = *number;
    if (dash == std::string_view::npos) break;
    text.remove_prefix(dash + 1);
  }
  if (count != kPlain && count != kCatchingUp) return std::nullopt;
  for (std::size_t i = 2; i < count; ++i) {
    if (is_signed(numbers[i]) < 0) return std::nullopt;
  }
  Position position{
      numbers[0], numbers[1], {{is_signed(numbers[2])}, is_signed(numbers[3]), is_signed(numbers[4])}, {}};
  if (count == kCatchingUp) position.told = Mark{{is_signed(numbers[5])}, is_signed(numbers[6]), 0};
  return position;
}

}  // namespace ldt::order
