#include "services/telemetry/json_attributes.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <set>

#include "platform/http/json_writer.h"
#include "platform/http/url.h"

namespace ldt::telemetry_store {
namespace {

namespace common = opentelemetry::proto::common::v1;

void append_value(std::string& out, const common::AnyValue& value);

void append_object(std::string& out, const KeyValues& members, std::string_view left_out) {
  std::set<std::string_view> seen;
  http::Comma comma;
  out.push_back('{');
  for (int i = members.size(); i-- > 0;) {  // the last of a repeated key counts
    const auto& member = members.Get(i);
    if ((!left_out.empty() && member.key() == left_out) || !seen.insert(member.key()).second) continue;
    comma(out);
    http::append_string(out, member.key());
    out.push_back(':');
    append_value(out, member.value());
  }
  out.push_back('}');
}

void append_array(std::string& out, const common::ArrayValue& array) {
  http::Comma comma;
  out.push_back('[');
  for (const auto& element : array.values()) {
    comma(out);
    append_value(out, element);
  }
  out.push_back(']');
}

void append_value(std::string& out, const common::AnyValue& value) {
  switch (value.value_case()) {
    case common::AnyValue::kStringValue:
      return http::append_string(out, value.string_value());
    case common::AnyValue::kBoolValue:
      return http::append_bool(out, value.bool_value());
    case common::AnyValue::kIntValue:
      return http::append_integer(out, value.int_value());
    case common::AnyValue::kDoubleValue:
      return append_number(out, value.double_value());
    case common::AnyValue::kArrayValue:
      return append_array(out, value.array_value());
    case common::AnyValue::kKvlistValue:
      return append_object(out, value.kvlist_value().values(), {});
    case common::AnyValue::kBytesValue:
      return http::append_string(out, http::base64url(value.bytes_value()));
    default:
      out += "null";
  }
}

const common::AnyValue* find(const KeyValues& attributes, std::string_view key) {
  for (int i = attributes.size(); i-- > 0;) {
    if (attributes.Get(i).key() == key) return &attributes.Get(i).value();
  }
  return nullptr;
}

}  // namespace

std::string to_json(const KeyValues& attributes, std::string_view left_out) {
  std::string out;
  append_object(out, attributes, left_out);
  return out;
}

Labels to_labels(const KeyValues& attributes) {
  Labels labels;
  std::set<std::string_view> seen;
  for (int i = attributes.size(); i-- > 0;) {
    const auto& attribute = attributes.Get(i);
    if (seen.insert(attribute.key()).second) labels.emplace_back(attribute.key(), to_text(attribute.value()));
  }
  return labels;
}

std::string to_text(const common::AnyValue& value) {
  if (value.value_case() == common::AnyValue::kStringValue) return value.string_value();
  if (value.value_case() == common::AnyValue::VALUE_NOT_SET) return {};
  std::string out;
  append_value(out, value);
  return out;
}

std::string_view string_in(const KeyValues& attributes, std::string_view key) {
  const auto* value = find(attributes, key);
  return value != nullptr ? std::string_view(value->string_value()) : std::string_view();
}

std::uint64_t count_in(const KeyValues& attributes, std::string_view key) {
  const auto* value = find(attributes, key);
  return value != nullptr && value->int_value() > 0 ? static_cast<std::uint64_t>(value->int_value()) : 0;
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out.push_back(kDigits[byte >> 4U]);
    out.push_back(kDigits[byte & 15U]);
  }
  return out;
}

void append_number(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    return;
  }
  std::array<char, 32> digits{};
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

}  // namespace ldt::telemetry_store
