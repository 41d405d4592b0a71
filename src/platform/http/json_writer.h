// Writes JSON by appending to a string: the hot path of every answer.
// Pure. Invariant: whatever bytes a string holds, what is appended is valid JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace ldt::http {

/// Appends `text` in quotes, escaped. Bytes are taken to be UTF-8, as all names that were accepted are.
void append_string(std::string& out, std::string_view text);
void append_integer(std::string& out, std::int64_t value);
/// RFC 3339 in UTC with microseconds, in quotes.
void append_time(std::string& out, WallTime time);

inline void append_bool(std::string& out, bool value) { out += value ? "true" : "false"; }

/// `"text"`, or null where it is empty.
inline void append_string_or_null(std::string& out, std::string_view text) {
  if (text.empty()) {
    out += "null";
  } else {
    append_string(out, text);
  }
}

/// Puts a comma before every element but the first.
class Comma {
 public:
  void operator()(std::string& out) {
    if (!first_) out.push_back(',');
    first_ = false;
  }

 private:
  bool first_ = true;
};

}  // namespace ldt::http
