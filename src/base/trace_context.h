// The W3C trace context of an order: which trace its spans and logs belong to.
// Depends on nothing; randomness arrives as an argument. Source: W3C Trace Context, level 1.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ldt {

using TraceId = std::array<std::uint8_t, 16>;
using SpanId = std::array<std::uint8_t, 8>;

struct TraceContext {
  TraceId trace_id{};
  SpanId span_id{};
  bool sampled = false;

  [[nodiscard]] bool valid() const { return trace_id != TraceId{} && span_id != SpanId{}; }
  /// `00-<trace>-<span>-<flags>`
  [[nodiscard]] std::string traceparent() const;
  /// Nothing where the header is malformed: the caller then starts a trace of its own.
  [[nodiscard]] static std::optional<TraceContext> parse(std::string_view traceparent);
};

[[nodiscard]] std::string to_hex(const TraceId& id);
[[nodiscard]] std::string to_hex(const SpanId& id);
[[nodiscard]] SpanId make_span_id(std::uint64_t random);
[[nodiscard]] TraceId make_trace_id(std::uint64_t random_high, std::uint64_t random_low);

}  // namespace ldt
