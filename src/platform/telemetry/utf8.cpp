// Repairs UTF-8: the fast path looks for bytes beyond ASCII and finds none.
// Depends on utf8proc. Invariant: every byte of the input is either copied as part of a valid sequence or replaced.
#include "platform/telemetry/utf8.h"

#include <utf8proc.h>

#include <algorithm>

namespace ldt::telemetry {
namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

std::size_t utf8_sequence(std::string_view text) {
  utf8proc_int32_t code_point = 0;
  const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                       static_cast<utf8proc_ssize_t>(text.size()), &code_point);
  return length > 0 ? static_cast<std::size_t>(length) : 0;
}

std::string_view valid_utf8(std::string_view text, std::string& storage) {
  if (is_ascii(text)) return text;
  storage.clear();
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    storage += length > 0 ? text.substr(0, length) : kReplacement;
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return storage;
}

}  // namespace ldt::telemetry
