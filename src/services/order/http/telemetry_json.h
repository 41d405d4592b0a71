// Writes logs and traces as the API shows them, and reads what chooses among them.
// Pure. Invariant: attributes are passed on as the store wrote them, which is JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/trace_context.h"
#include "services/order/http/telemetry_reader.h"

namespace ldt::order {

[[nodiscard]] std::string logs_json(const StoredLogs& logs);
[[nodiscard]] std::string trace_json(const TraceId& id, const StoredTrace& trace);

/// OpenTelemetry's number from TRACE, DEBUG, INFO, WARN, ERROR or FATAL.
[[nodiscard]] std::optional<int> parse_severity(std::string_view text);
/// From RFC 3339 in UTC (with Z), with 0 to 9 decimals of a second.
[[nodiscard]] std::optional<WallTime> parse_time(std::string_view text);

}  // namespace ldt::order
