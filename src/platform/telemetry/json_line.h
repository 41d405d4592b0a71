// One log record as one line of JSON.
// Pure: the time is an argument. Depends on base ids and utf8.
// Invariant: what is appended is one valid JSON object and a newline, whatever bytes the record holds.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/trace_context.h"
#include "platform/telemetry/telemetry.h"

namespace ldt::telemetry {

/// "DEBUG", "INFO", "WARN", "ERROR"
[[nodiscard]] std::string_view to_string(Severity severity);

/// Appends {"time":…,"severity":…,"service":…,"body":…,"trace_id":…,"span_id":…, then the attributes flat}.
/// A number that JSON cannot hold (infinite, not a number) becomes null.
void append_json_line(std::string& line, WallTime time, Severity severity, std::string_view service,
                      std::string_view body, const TraceContext* context, Attributes attributes);

}  // namespace ldt::telemetry
