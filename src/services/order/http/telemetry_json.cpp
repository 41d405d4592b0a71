#include "services/order/http/telemetry_json.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

#include "platform/http/json_writer.h"
#include "services/order/http/cursor.h"
#include "services/order/http/order_json.h"

namespace ldt::order {
namespace {

using http::append_integer;
using http::append_string;
using http::append_string_or_null;
using http::Comma;

constexpr std::array<std::string_view, 6> kSeverities{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"};
constexpr int kSeverityStep = 4;  // of OpenTelemetry's numbers: each name has four

std::string_view severity_name(int number) {
  const int index = std::clamp((number - 1) / kSeverityStep, 0, static_cast<int>(kSeverities.size()) - 1);
  return kSeverities[static_cast<std::size_t>(index)];
}

std::string_view kind_name(int kind) {
  constexpr std::array<std::string_view, 6> kKinds{"INTERNAL", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"};
  return kind >= 0 && kind < static_cast<int>(kKinds.size()) ? kKinds[static_cast<std::size_t>(kind)] : kKinds[0];
}

std::string_view status_name(int status) { return status == 2 ? "ERROR" : status == 1 ? "OK" : "UNSET"; }

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text.push_back(kDigits[byte >> 4U]);
    text.push_back(kDigits[byte & 15U]);
  }
  return text;
}

std::string order_text(std::string_view bytes) {
  const auto id = OrderId::from_bytes(bytes);
  return id ? id->to_string() : std::string();
}

void append_log(std::string& out, const StoredLog& log) {
  out += "{\"time\":";
  append_time(out, WallTime{log.time_us});
  out += ",\"severity\":";
  append_string(out, severity_name(log.severity));
  out += ",\"service\":";
  append_string(out, log.service);
  out += ",\"body\":";
  append_string(out, log.body);
  out += ",\"trace_id\":";
  append_string_or_null(out, hex(log.trace_id));
  out += ",\"span_id\":";
  append_string_or_null(out, hex(log.span_id));
  out += ",\"order_id\":";
  append_string_or_null(out, order_text(log.order_id));
  out += ",\"attributes\":" + (log.attributes.empty() ? "{}" : log.attributes) + "}";
}

void append_logs(std::string& out, const std::vector<StoredLog>& logs) {
  out += "\"logs\":[";
  Comma comma;
  for (const auto& log : logs) {
    comma(out);
    append_log(out, log);
  }
  out += "]";
}

void append_span(std::string& out, const StoredSpan& span) {
  out += "{\"span_id\":";
  append_string(out, hex(span.span_id));
  out += ",\"parent_span_id\":";
  append_string_or_null(out, hex(span.parent_span_id));
  out += ",\"service\":";
  append_string(out, span.service);
  out += ",\"name\":";
  append_string(out, span.name);
  out += ",\"kind\":";
  append_string(out, kind_name(span.kind));
  out += ",\"start\":";
  append_time(out, WallTime{span.start_us});
  out += ",\"duration_us\":";
  append_integer(out, span.duration_us);
  out += ",\"status\":";
  append_string(out, status_name(span.status));
  out += ",\"status_detail\":";
  append_string_or_null(out, span.status_detail);
  out += ",\"attributes\":" + (span.attributes.empty() ? "{}" : span.attributes);
  out += ",\"links\":" + (span.links.empty() ? "[]" : span.links) + "}";
}

}  // namespace

std::string logs_json(const StoredLogs& logs) {
  std::string out = "{";
  append_logs(out, logs.logs);
  out += ",\"next_cursor\":";
  append_string(out, log_cursor(logs.next_cursor));
  out += ",\"dropped\":";
  append_integer(out, static_cast<std::int64_t>(logs.dropped));
  out += ",\"left_out\":";
  append_integer(out, static_cast<std::int64_t>(logs.left_out));
  return out + "}";
}

std::string trace_json(const TraceId& id, const StoredTrace& trace) {
  std::string out = "{\"trace_id\":\"" + to_hex(id) + "\",\"spans\":[";
  Comma comma;
  for (const auto& span : trace.spans) {
    comma(out);
    append_span(out, span);
  }
  out += "],";
  append_logs(out, trace.logs);
  return out + "}";
}

std::optional<int> parse_severity(std::string_view text) {
  const auto found = std::find(kSeverities.begin(), kSeverities.end(), text);
  if (found == kSeverities.end()) return std::nullopt;
  return 1 + kSeverityStep * static_cast<int>(found - kSeverities.begin());
}

std::optional<WallTime> parse_time(std::string_view text) {
  namespace chrono = std::chrono;
  constexpr std::size_t kSeconds = 19;  // 2026-01-31T12:00:00
  const std::string copy(text);
  int year = 0;
  unsigned month = 0, day = 0, hour = 0, minute = 0, second = 0;
  int length = 0;
  if (std::sscanf(copy.c_str(), "%4d-%2u-%2uT%2u:%2u:%2u%n", &year, &month, &day, &hour, &minute, &second, &length) !=
          6 ||
      static_cast<std::size_t>(length) != kSeconds) {
    return std::nullopt;
  }
  const chrono::year_month_day date{chrono::year(year), chrono::month(month), chrono::day(day)};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  std::size_t at = kSeconds;
  std::int64_t fraction = 0;
  if (at < copy.size() && copy[at] == '.') {
    std::int64_t unit = 100'000;
    const std::size_t digits = ++at;
    for (; at < copy.size() && copy[at] >= '0' && copy[at] <= '9'; ++at, unit /= 10)
      fraction += (copy[at] - '0') * unit;
    if (at == digits || at - digits > 9) return std::nullopt;
  }
  if (copy.substr(at) != "Z") return std::nullopt;
  const auto time = chrono::sys_days(date) + chrono::hours(hour) + chrono::minutes(minute) + chrono::seconds(second);
  return WallTime{chrono::duration_cast<chrono::microseconds>(time.time_since_epoch()).count() + fraction};
}

}  // namespace ldt::order
