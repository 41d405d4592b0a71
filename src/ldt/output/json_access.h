// Reading members of JSON that another program wrote, without trusting its shape.
// Depends on Boost.JSON. Invariant: what is absent or of another type reads as empty, never throws.
#pragma once

#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ldt::json {

/// Null where there is no such member.
[[nodiscard]] const boost::json::value* find(const boost::json::value& object, std::string_view member);
[[nodiscard]] std::string text(const boost::json::value& object, std::string_view member);
[[nodiscard]] std::optional<std::int64_t> number(const boost::json::value& object, std::string_view member);
[[nodiscard]] bool flag(const boost::json::value& object, std::string_view member);
[[nodiscard]] const boost::json::array& array(const boost::json::value& object, std::string_view member);
/// Null where there is no such member, so that its own members read as empty.
[[nodiscard]] const boost::json::value& object(const boost::json::value& object, std::string_view member);
/// A cell of a table: text as it is, numbers in decimals, "-" for what is absent or null; safe for a terminal.
[[nodiscard]] std::string cell(const boost::json::value& object, std::string_view member);

}  // namespace ldt::json
