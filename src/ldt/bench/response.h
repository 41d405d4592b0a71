// Finds the ends of an HTTP/1.1 answer, and no more: what a load generator reads of one costs as little as can be.
// Pure. Invariant: an answer is whole only with all the bytes that its Content-Length says.
#pragma once

#include <cstddef>
#include <string_view>

namespace ldt::bench {

struct Response {
  int status = 0;
  std::string_view body;
  std::size_t size = 0;  // of all of it, header included
};

enum class Scan { kWhole, kPartial, kBroken };

/// Looks at the bytes that have come of one answer; where they are whole, `response` shows into them.
/// Only answers with a Content-Length are understood.
[[nodiscard]] Scan scan_response(std::string_view bytes, Response& response);

/// The text of the first member of that name in JSON that has no such name inside of a text; empty: none, or no text.
/// @param member  its name with the quotation mark before it
[[nodiscard]] std::string_view first_text(std::string_view json, std::string_view member);

}  // namespace ldt::bench
