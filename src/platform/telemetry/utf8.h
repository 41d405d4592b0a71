// Makes any bytes valid UTF-8: JSON and protobuf allow nothing else.
// Depends on utf8proc. Invariant: what comes out is valid UTF-8; valid input comes out unchanged.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ldt::telemetry {

/// U+FFFD, which stands in for a byte that is not part of valid UTF-8.
inline constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// The length of the valid sequence that `text` begins with; 0 where there is none. `text` is not empty.
[[nodiscard]] std::size_t utf8_sequence(std::string_view text);

/// `text` itself where it is valid, else a repaired copy kept in `storage`.
[[nodiscard]] std::string_view valid_utf8(std::string_view text, std::string& storage);

}  // namespace ldt::telemetry
