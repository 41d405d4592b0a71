// Formats log records by appending to one string: no tree, no allocation once the string has grown.
// Pure but for a per-thread cache of the last second's text. Invariant: see the header.
#include "platform/telemetry/json_line.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <span>

#include "platform/telemetry/utf8.h"

namespace ldt::telemetry {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

void append_control(std::string& out, unsigned char c) {
  switch (c) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += kHexDigits[c >> 4];
      out += kHexDigits[c & 15];
  }
}

bool is_plain(unsigned char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

void append_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    std::size_t length = 0;
    while (length < text.size() && is_plain(static_cast<unsigned char>(text[length]))) ++length;
    out += text.substr(0, length);
    text.remove_prefix(length);
    if (text.empty()) break;
    const auto c = static_cast<unsigned char>(text.front());
    length = 1;
    if (c == '"' || c == '\\') {
      out += '\\';
      out += text.front();
    } else if (c < 0x20 || c == 0x7f) {
      append_control(out, c);
    } else {
      length = utf8_sequence(text);
      out += length > 0 ? text.substr(0, length) : kReplacement;
      if (length == 0) length = 1;
    }
    text.remove_prefix(length);
  }
  out += '"';
}

template <class Number>
void append_number(std::string& out, Number value) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

struct AppendValue {
  std::string& out;
  void operator()(std::string_view text) const { append_string(out, text); }
  void operator()(std::int64_t number) const { append_number(out, number); }
  void operator()(bool flag) const { out += flag ? "true" : "false"; }
  void operator()(double number) const {
    if (std::isfinite(number)) {
      append_number(out, number);
    } else {
      out += "null";
    }
  }
};

void append_hex(std::string& out, std::span<const std::uint8_t> bytes) {
  for (const std::uint8_t byte : bytes) {
    out += kHexDigits[byte >> 4];
    out += kHexDigits[byte & 15];
  }
}

std::string second_text(std::int64_t second) {
  const std::chrono::sys_seconds time{std::chrono::seconds{second}};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  std::array<char, 64> text{};
  const int length = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
      static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

/// RFC 3339, UTC, microseconds. Most records fall into the same second as the one before.
void append_time(std::string& out, WallTime time) {
  struct Cache {
    std::int64_t second = -1;
    std::string text;
  };
  static thread_local Cache cache;
  const std::int64_t second = time.us / 1'000'000;
  if (second != cache.second) cache = {second, second_text(second)};
  out += cache.text;
  auto rest = static_cast<std::uint32_t>(time.us % 1'000'000);
  std::array<char, 7> digits{};
  for (std::size_t i = 6; i-- > 0; rest /= 10) digits[i] = static_cast<char>('0' + rest % 10);
  digits[6] = 'Z';
  out.append(digits.data(), digits.size());
}

}  // namespace

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::kDebug:
      return "DEBUG";
    case Severity::kInfo:
      return "INFO";
    case Severity::kWarn:
      return "WARN";
    case Severity::kError:
      return "ERROR";
  }
  return "ERROR";
}

void append_json_line(std::string& out, WallTime time, Severity severity, std::string_view service,
                      std::string_view body, const TraceContext* context, Attributes attributes) {
  out += R"({"time":")";
  append_time(out, time);
  out += R"(","severity":")";
  out += to_string(severity);
  out += R"(","service":)";
  append_string(out, service);
  out += R"(,"body":)";
  append_string(out, body);
  if (context != nullptr && context->valid()) {
    out += R"(,"trace_id":")";
    append_hex(out, context->trace_id);
    out += R"(","span_id":")";
    append_hex(out, context->span_id);
    out += '"';
  }
  for (const Attribute& attribute : attributes) {
    out += ',';
    append_string(out, attribute.key);
    out += ':';
    std::visit(AppendValue{out}, attribute.value);
  }
  out += "}\n";
}

}  // namespace ldt::telemetry
