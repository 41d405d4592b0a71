#include "base/append_text.h"

#include <charconv>
#include <cstring>
#include <limits>

namespace ldt {
namespace {

constexpr std::int64_t kSecond = 1'000'000;  // us

constexpr std::array<HexPair, 256> kHexPairs = [] {
  constexpr char kDigits[] = "0123456789abcdef";
  std::array<HexPair, 256> pairs{};
  for (std::size_t byte = 0; byte < pairs.size(); ++byte) pairs[byte] = {kDigits[byte >> 4], kDigits[byte & 15]};
  return pairs;
}();

/// `width` digits, with leading zeros, ending before `end`.
void write_digits(char* end, std::uint64_t value, int width) {
  for (; width > 0; --width, value /= 10) *--end = static_cast<char>('0' + value % 10);
}

/// "2026-11-22T10:00:00."
using SecondText = std::array<char, 20>;

SecondText second_text(std::int64_t second) {
  const std::chrono::sys_seconds time{std::chrono::seconds{second}};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const auto of_day = static_cast<std::uint64_t>((time - day).count());
  SecondText text{'0', '0', '0', '0', '-', '0', '0', '-', '0', '0', 'T', '0', '0', ':', '0', '0', ':', '0', '0', '.'};
  write_digits(text.data() + 4, static_cast<std::uint64_t>(static_cast<int>(date.year())), 4);
  write_digits(text.data() + 7, static_cast<unsigned>(date.month()), 2);
  write_digits(text.data() + 10, static_cast<unsigned>(date.day()), 2);
  write_digits(text.data() + 13, of_day / 3600, 2);
  write_digits(text.data() + 16, of_day / 60 % 60, 2);
  write_digits(text.data() + 19, of_day % 60, 2);
  return text;
}

}  // namespace

HexPair hex_pair(std::uint8_t byte) { return kHexPairs[byte]; }

void append_hex(std::string& out, std::span<const std::uint8_t> bytes) {
  for (const std::uint8_t byte : bytes) out.append(kHexPairs[byte].data(), 2);
}

void append_decimal(std::string& out, std::int64_t value) {
  std::array<char, 20> digits;
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), result.ptr);
}

TimeText time_text(WallTime time) {
  struct Cache {
    std::int64_t second = std::numeric_limits<std::int64_t>::min();
    SecondText text;
  };
  static thread_local Cache cache;
  const std::int64_t second = time.us / kSecond - (time.us % kSecond < 0 ? 1 : 0);
  if (second != cache.second) cache = {second, second_text(second)};  // most times fall into the last one's second
  TimeText text;
  std::memcpy(text.data(), cache.text.data(), cache.text.size());
  write_digits(text.data() + 26, static_cast<std::uint64_t>(time.us - second * kSecond), 6);
  text[26] = 'Z';
  return text;
}

}  // namespace ldt
