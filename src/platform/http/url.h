// Reads what URLs carry: percent-encoded text, query parameters, base64url.
// Pure. Invariant: malformed input gives nothing, never a guess.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ldt::http {

/// Undoes percent-encoding; nothing where a '%' is not followed by two hexadecimal digits.
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text);
/// As text of a path segment: all but unreserved characters (RFC 3986) become %XX.
[[nodiscard]] std::string percent_encoded(std::string_view text);

using QueryParameters = std::vector<std::pair<std::string, std::string>>;

/// The parameters of a query, decoded, in their order; '+' is a space, as forms send it.
[[nodiscard]] std::optional<QueryParameters> parse_query(std::string_view query);

[[nodiscard]] std::string base64url(std::string_view bytes);
/// Without padding, canonical (no bits beyond the end); nothing otherwise.
[[nodiscard]] std::optional<std::string> base64url_decoded(std::string_view text);

}  // namespace ldt::http
