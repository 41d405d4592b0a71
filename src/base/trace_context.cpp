#include "base/trace_context.h"

#include <cstring>

#include "base/append_text.h"

namespace ldt {
namespace {

template <std::size_t N>
std::string hex(const std::array<std::uint8_t, N>& bytes) {
  std::string text;
  text.reserve(2 * N);
  append_hex(text, bytes);
  return text;
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;  // upper case is not allowed in a traceparent
}

template <std::size_t N>
bool unhex(std::string_view text, std::array<std::uint8_t, N>& bytes) {
  for (std::size_t i = 0; i < N; ++i) {
    const int high = digit(text[2 * i]);
    const int low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

}  // namespace

std::string TraceContext::traceparent() const {
  return "00-" + hex(trace_id) + "-" + hex(span_id) + (sampled ? "-01" : "-00");
}

std::optional<TraceContext> TraceContext::parse(std::string_view text) {
  constexpr std::size_t kLength = 55;
  if (text.size() < kLength || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  std::array<std::uint8_t, 1> version{};
  std::array<std::uint8_t, 1> flags{};
  TraceContext context;
  if (!unhex(text.substr(0, 2), version) || version[0] == 0xFF) return std::nullopt;
  if (version[0] == 0 ? text.size() != kLength : text.size() > kLength && text[kLength] != '-') return std::nullopt;
  if (!unhex(text.substr(3, 32), context.trace_id) || !unhex(text.substr(36, 16), context.span_id)) return std::nullopt;
  if (!unhex(text.substr(53, 2), flags) || !context.valid()) return std::nullopt;
  context.sampled = (flags[0] & 1) != 0;
  return context;
}

std::string to_hex(const TraceId& id) { return hex(id); }
std::string to_hex(const SpanId& id) { return hex(id); }

SpanId make_span_id(std::uint64_t random) {
  random |= 1;  // all zero is not an id
  SpanId id{};
  std::memcpy(id.data(), &random, id.size());
  return id;
}

TraceId make_trace_id(std::uint64_t random_high, std::uint64_t random_low) {
  random_low |= 1;
  TraceId id{};
  std::memcpy(id.data(), &random_high, 8);
  std::memcpy(id.data() + 8, &random_low, 8);
  return id;
}

}  // namespace ldt
