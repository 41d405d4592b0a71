// A trace as a waterfall: spans as bars under each other, their log records between them.
// Pure but for colour. Invariant: every span and every log record of the trace is in it once, whatever refers to what.
#pragma once

#include <boost/json/value.hpp>

#include <cstddef>
#include <string>

namespace ldt {

/// @param trace  as GET /v1/orders/{id}/trace answers
/// @param width  of the terminal, in columns; 0: lines are as long as they need to be
[[nodiscard]] std::string to_waterfall(const boost::json::value& trace, std::size_t width);

}  // namespace ldt
