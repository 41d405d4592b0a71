// Reads OTLP export requests into records.
// Depends on the generated code of the OTLP protos. Invariant: a request that is no protobuf is an error; a single
// record that makes no sense is counted, and the others are kept.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "services/telemetry/records.h"

namespace ldt::telemetry_store {

enum class Signal { kLogs, kTraces, kMetrics };

/// @param request  the bytes of an ExportLogsServiceRequest, ExportTraceServiceRequest or ExportMetricsServiceRequest
/// @param now      for records without a time
/// @return kInvalid where the bytes are not that
[[nodiscard]] Result<Batch> decode(Signal signal, std::string_view request, WallTime now);

/// The bytes of the response. @param rejected  how many records were not kept; 0: all were
[[nodiscard]] std::string encode_response(Signal signal, std::uint64_t rejected, const std::string& why);

}  // namespace ldt::telemetry_store
