#include "platform/telemetry/otlp_json.h"

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

namespace ldt::telemetry {
namespace {

namespace util = google::protobuf::util;

/// No string can have one of these in it: its quotes would be escaped.
constexpr std::array<std::string_view, 3> kIds{"\"traceId\":\"", "\"spanId\":\"", "\"parentSpanId\":\""};

std::string hexadecimal(std::string_view base64) {
  std::vector<unsigned char> bytes(base64.size());
  const int decoded = EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(base64.data()),
                                      static_cast<int>(base64.size()));
  auto size = static_cast<std::size_t>(decoded < 0 ? 0 : decoded);
  for (std::size_t i = base64.size(); size > 0 && i > 0 && base64[i - 1] == '='; --i) --size;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(2 * size);
  for (std::size_t i = 0; i < size; ++i) {
    out += kDigits[bytes[i] >> 4U];
    out += kDigits[bytes[i] & 15U];
  }
  return out;
}

/// The same text with the values of `key` in hexadecimal.
std::string with_hexadecimal(const std::string& text, std::string_view key) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  std::size_t from = 0;
  for (auto at = text.find(key); at != std::string::npos; at = text.find(key, from)) {
    const auto value = at + key.size();
    const auto end = text.find('"', value);
    out.append(text, from, value - from);
    out += hexadecimal(std::string_view(text).substr(value, end - value));
    from = end;
  }
  return out.append(text, from);
}

}  // namespace

std::string to_otlp_json(const google::protobuf::Message& message) {
  util::JsonPrintOptions options;
  options.always_print_enums_as_ints = true;
  std::string text;
  if (!util::MessageToJsonString(message, &text, options).ok()) return {};
  for (const auto key : kIds) text = with_hexadecimal(text, key);
  return text;
}

bool from_otlp_json(const std::string& text, google::protobuf::Message& message) {
  util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  return util::JsonStringToMessage(text, &message, options).ok();
}

}  // namespace ldt::telemetry
