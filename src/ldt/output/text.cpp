#include "ldt/output/text.h"

#include <array>
#include <cctype>
#include <charconv>
#include <cstdio>
#include <ctime>

namespace ldt {
namespace {

bool continues(unsigned char byte) { return (byte & 0xC0U) == 0x80; }

/// Bytes of the UTF-8 sequence that starts the text; 0 where it is broken.
std::size_t sequence_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
  if (length == 0 || length > text.size() || lead > 0xF4) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!continues(static_cast<unsigned char>(text[i]))) return 0;
  }
  return length;
}

bool is_control(std::string_view sequence) {
  const auto lead = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return lead < 0x20 || lead == 0x7F;
  return sequence.size() == 2 && lead == 0xC2 && static_cast<unsigned char>(sequence[1]) < 0xA0;  // C1
}

template <class... Values>
std::string formatted(const char* format, Values... values) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), format, values...);
  return buffer.data();
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    const std::string_view sequence = text.substr(0, length == 0 ? 1 : length);
    if (length == 0 || is_control(sequence)) {
      out += formatted("\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(sequence.back())));
    } else {
      out += sequence;
    }
    text.remove_prefix(sequence.size());
  }
  return out;
}

std::size_t columns(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += continues(static_cast<unsigned char>(c)) ? 0 : 1;
  return count;
}

std::string format_duration(std::int64_t us) {
  if (us < 1000) return formatted("%d us", static_cast<int>(us));
  if (us < 1'000'000) return formatted("%.2f ms", static_cast<double>(us) / 1e3);
  return formatted("%.2f s", static_cast<double>(us) / 1e6);
}

std::optional<std::int64_t> parse_time(std::string_view rfc3339) {
  std::tm parts{};
  int length = 0;
  const std::string text(rfc3339);
  if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &parts.tm_year, &parts.tm_mon, &parts.tm_mday,
                  &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &length) != 6) {
    return std::nullopt;
  }
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  std::int64_t us = static_cast<std::int64_t>(::timegm(&parts)) * 1'000'000;
  std::size_t at = static_cast<std::size_t>(length);
  if (at < text.size() && text[at] == '.') {
    std::int64_t unit = 100'000;
    for (++at; at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0; ++at, unit /= 10) {
      us += (text[at] - '0') * unit;
    }
  }
  return us;
}

std::string format_time(std::int64_t us) {
  const std::time_t seconds = us / 1'000'000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  return text.data() + formatted(".%06dZ", static_cast<int>(us % 1'000'000));
}

std::optional<std::int64_t> parse_age(std::string_view text) {
  constexpr std::int64_t kMost = std::int64_t{10} * 365 * 24 * 3600;
  std::int64_t unit = 1;
  if (!text.empty() && std::isdigit(static_cast<unsigned char>(text.back())) == 0) {
    constexpr std::string_view kUnits = "smhd";
    constexpr std::array<std::int64_t, 4> kSeconds{1, 60, 3600, 24 * 3600};
    const auto at = kUnits.find(text.back());
    if (at == std::string_view::npos) return std::nullopt;
    unit = kSeconds[at];
    text.remove_suffix(1);
  }
  std::int64_t number = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (bad != std::errc() || end != text.data() + text.size() || number < 1 || number > kMost / unit)
    return std::nullopt;
  return number * unit;
}

std::string cut(std::string_view text, std::size_t width) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (continues(static_cast<unsigned char>(text[i]))) continue;
    if (count++ == width) return std::string(text.substr(0, i));
  }
  return std::string(text);
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      out += formatted("%%%02X", static_cast<unsigned>(byte));
    }
  }
  return out;
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace ldt
