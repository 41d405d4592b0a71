// Small conversions between values and what people read or URLs carry.
// Pure. Invariant: what `printable` returns cannot move a terminal's cursor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ldt {

/// Control characters and broken UTF-8 replaced, so that text from anywhere can go to a terminal.
[[nodiscard]] std::string printable(std::string_view text);
/// Characters of UTF-8: how many columns it takes, near enough.
[[nodiscard]] std::size_t columns(std::string_view text);
/// "412 us", "3.21 ms", "1.62 s"
[[nodiscard]] std::string format_duration(std::int64_t us);
/// Microseconds since 1970 of an RFC 3339 time in UTC, with 0 to 9 decimals.
[[nodiscard]] std::optional<std::int64_t> parse_time(std::string_view rfc3339);
/// RFC 3339 in UTC with microseconds.
[[nodiscard]] std::string format_time(std::int64_t us);
/// Seconds from "90", "90s", "10m", "24h" or "7d"; nothing where it is none of these, or more than ten years.
[[nodiscard]] std::optional<std::int64_t> parse_age(std::string_view text);
/// The first so many columns of the text.
[[nodiscard]] std::string cut(std::string_view text, std::size_t width);
/// For a path segment or a query value.
[[nodiscard]] std::string percent_encode(std::string_view text);
[[nodiscard]] std::string upper(std::string_view text);

}  // namespace ldt
