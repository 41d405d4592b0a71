#include "ldt/output/json_access.h"

#include <boost/json/serialize.hpp>

#include "ldt/output/text.h"

namespace ldt::json {

const boost::json::value* find(const boost::json::value& object, std::string_view member) {
  const auto* members = object.if_object();
  return members == nullptr ? nullptr : members->if_contains(member);
}

std::string text(const boost::json::value& object, std::string_view member) {
  const auto* value = find(object, member);
  const auto* string = value == nullptr ? nullptr : value->if_string();
  return string == nullptr ? "" : std::string(*string);
}

std::optional<std::int64_t> number(const boost::json::value& object, std::string_view member) {
  const auto* value = find(object, member);
  if (value == nullptr) return std::nullopt;
  if (const auto* number = value->if_int64()) return *number;
  if (const auto* number = value->if_uint64()) return static_cast<std::int64_t>(*number);
  return std::nullopt;
}

bool flag(const boost::json::value& object, std::string_view member) {
  const auto* value = find(object, member);
  const auto* boolean = value == nullptr ? nullptr : value->if_bool();
  return boolean != nullptr && *boolean;
}

const boost::json::array& array(const boost::json::value& object, std::string_view member) {
  static const boost::json::array kEmpty;
  const auto* value = find(object, member);
  const auto* entries = value == nullptr ? nullptr : value->if_array();
  return entries == nullptr ? kEmpty : *entries;
}

const boost::json::value& object(const boost::json::value& object, std::string_view member) {
  static const boost::json::value kNull;
  const auto* value = find(object, member);
  return value == nullptr ? kNull : *value;
}

std::string cell(const boost::json::value& object, std::string_view member) {
  const auto* value = find(object, member);
  if (value == nullptr || value->is_null()) return "-";
  if (value->is_string()) return printable(text(object, member));
  return printable(boost::json::serialize(*value));
}

}  // namespace ldt::json
