#include "ldt/telemetry/log_record.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "ldt/output/json_access.h"
#include "ldt/output/table.h"
#include "ldt/output/terminal.h"
#include "ldt/output/text.h"

namespace ldt {
namespace {

constexpr std::size_t kShortTrace = 8;
constexpr std::array<std::string_view, 6> kSeverities{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"};

Colour colour_of(const std::string& severity) {
  if (severity == "ERROR" || severity == "FATAL") return Colour::kBad;
  if (severity == "WARN") return Colour::kWarning;
  return severity == "DEBUG" || severity == "TRACE" ? Colour::kDim : Colour::kNone;
}

bool is_shown_apart(std::string_view member) {
  constexpr std::array<std::string_view, 9> kNames{"time",    "severity", "service", "body",    "trace_id",
                                                   "span_id", "attempt",  "outcome", "order_id"};
  return std::find(kNames.begin(), kNames.end(), member) != kNames.end();
}

/// Worth a place: it says something, and the body does not say it already.
bool is_news(const boost::json::value& record, std::string_view member) {
  const auto value = json::cell(record, member);
  return !value.empty() && value != "-" && json::text(record, "body").find(value) == std::string::npos;
}

std::string attributes_of(const boost::json::value& record) {
  std::string out;
  const auto* members = record.if_object();
  if (members == nullptr) return out;
  for (const auto& member : *members) {
    const std::string_view name = member.key();
    if (!is_shown_apart(name) && is_news(record, name)) out += "  " + printable(name) + "=" + json::cell(record, name);
  }
  return out;
}

std::string ending(const boost::json::value& record) {
  std::string out;
  if (json::find(record, "attempt") != nullptr) out += "  attempt " + json::cell(record, "attempt");
  if (is_news(record, "outcome")) out += "  " + json::cell(record, "outcome");
  return out;
}

std::size_t rank_of(std::string_view severity) {
  return static_cast<std::size_t>(std::find(kSeverities.begin(), kSeverities.end(), severity) - kSeverities.begin());
}

bool contains_ignoring_case(std::string_view line, std::string_view text) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  return std::search(line.begin(), line.end(), text.begin(), text.end(),
                     [&](char a, char b) { return lower(a) == lower(b); }) != line.end();
}

}  // namespace

boost::json::value flattened(const boost::json::value& stored) {
  boost::json::object flat;
  const auto* members = stored.if_object();
  if (members == nullptr) return flat;
  for (const auto& member : *members) {
    if (!member.value().is_null() && member.key() != "attributes") flat[member.key()] = member.value();
  }
  if (const auto* attributes = json::object(stored, "attributes").if_object()) {
    for (const auto& attribute : *attributes) flat.emplace(attribute.key(), attribute.value());
  }
  return flat;
}

std::string to_log_line(const boost::json::value& record, bool with_order) {
  const auto severity = printable(json::text(record, "severity"));
  std::string out = json::cell(record, "time") + "  " + padded(json::cell(record, "service"), 9) + "  " +
                    coloured(stdout, colour_of(severity), padded(severity, 5)) + "  " + json::cell(record, "body") +
                    attributes_of(record);
  if (with_order && json::find(record, "order_id") != nullptr) out += "  order=" + json::cell(record, "order_id");
  out += ending(record);
  const auto trace = json::text(record, "trace_id");
  if (!trace.empty()) out += "  " + coloured(stdout, Colour::kDim, printable(trace.substr(0, kShortTrace)));
  return out;
}

std::string to_plain_log_text(const boost::json::value& record) {
  return padded(printable(json::text(record, "severity")), 5) + "  " + json::cell(record, "body") +
         attributes_of(record) + ending(record);
}

bool is_wanted(const LogsCommand& command, std::int64_t since_us, std::string_view line,
               const boost::json::value& record) {
  if (!command.order.empty() && json::text(record, "order_id") != command.order) return false;
  if (!command.severity.empty() && rank_of(json::text(record, "severity")) < rank_of(upper(command.severity)))
    return false;
  if (!command.text.empty() && !contains_ignoring_case(line, command.text)) return false;
  return since_us == 0 || parse_time(json::text(record, "time")).value_or(0) >= since_us;
}

}  // namespace ldt
