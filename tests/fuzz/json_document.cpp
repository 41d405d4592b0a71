// Any bytes as JSON: what is read keeps the limits, and written down again it reads the same.
// Depends on platform/http's JSON reader and writer.
#include <algorithm>
#include <string>

#include "fuzz/require.h"
#include "platform/http/json_document.h"
#include "platform/http/json_writer.h"

namespace {

using namespace ldt::http;
using Kind = JsonValue::Kind;

/// The value as JSON text. What a reader does not tell (numbers with a fraction, integers that do not fit) is written
/// as some such number.
void write(const JsonValue& value, std::string& out) {
  switch (value.kind()) {
    case Kind::kNull:
      out += "null";
      return;
    case Kind::kBool:
      out += "true";
      return;
    case Kind::kInteger:
      if (value.integer()) return append_integer(out, *value.integer());
      out += "9223372036854775808";
      return;
    case Kind::kNumber:
      out += "0.5";
      return;
    case Kind::kString:
      return append_string(out, value.text());
    case Kind::kArray:
    case Kind::kObject:
      break;
  }
  const bool object = value.kind() == Kind::kObject;
  out.push_back(object ? '{' : '[');
  bool first = true;
  for (const JsonValue& child : value.children()) {
    if (!first) out.push_back(',');
    first = false;
    if (object) {
      append_string(out, child.key());
      out.push_back(':');
    }
    write(child, out);
  }
  out.push_back(object ? '}' : ']');
}

struct Size {
  std::size_t values = 0;
  std::size_t depth = 0;
};

Size measure(const JsonValue& value) {
  Size size{1, 0};
  const bool nests = value.kind() == Kind::kArray || value.kind() == Kind::kObject;
  for (const JsonValue& child : value.children()) {
    const Size below = measure(child);
    size.values += below.values;
    size.depth = std::max(size.depth, below.depth);
    REQUIRE(child.pointer().starts_with(value.pointer()) && child.pointer().size() > value.pointer().size());
  }
  if (nests) ++size.depth;
  return size;
}

void check_same(const JsonValue& left, const JsonValue& right) {
  REQUIRE(left.kind() == right.kind());
  REQUIRE(left.text() == right.text());
  REQUIRE(left.integer() == right.integer());
  REQUIRE(left.key() == right.key());
  REQUIRE(left.repeated() == right.repeated());
  REQUIRE(left.pointer() == right.pointer());
  const auto lefts = left.children();
  const auto rights = right.children();
  REQUIRE(lefts.size() == rights.size());
  for (std::size_t i = 0; i < lefts.size(); ++i) check_same(lefts[i], rights[i]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto document = JsonDocument::parse(ldt::fuzz::text_of(data, size));
  if (!document) {
    REQUIRE(!document.error().detail.empty());
    return 0;
  }
  const Size measured = measure(document->root());
  REQUIRE(measured.values <= JsonDocument::kMaxValues);
  REQUIRE(measured.depth <= JsonDocument::kMaxDepth);
  std::string text;
  write(document->root(), text);
  const auto again = JsonDocument::parse(text);
  REQUIRE(again.has_value());
  check_same(document->root(), again->root());
  return 0;
}
