// Logs and spans over OTLP, which goes over gRPC or HTTP.
// Hides the SDK, gRPC and HTTP. Endpoint, headers, TLS and compression are read from the OTEL_* variables by the SDK.
// Invariant: a dead collector costs its callers a counter; no call outlives the StopSwitch.
#pragma once

#include <functional>
#include <memory>

#include "platform/telemetry/settings.h"
#include "platform/telemetry/shared.h"

namespace ldt::telemetry {

/// Limits the SDK's own complaints to one line a minute on stderr, until the end of the process.
void quieten_sdk(const std::string& service);

/// Null where the endpoint is malformed; that has been said on stderr then. `after_batch` runs on the sink's thread.
[[nodiscard]] std::unique_ptr<LogSink> make_otlp_logs(const Settings& settings, Shared& shared,
                                                      std::function<void()> after_batch);
[[nodiscard]] std::unique_ptr<SpanSink> make_otlp_spans(const Settings& settings, Shared& shared);

/// The same to the telemetry store. What it cannot take just now is sent again, in silence, until the
/// queue is full: a store that is restarted misses nothing.
[[nodiscard]] std::unique_ptr<LogSink> make_store_logs(const std::shared_ptr<grpc::Channel>& store,
                                                       const Settings& settings, Shared& shared);
[[nodiscard]] std::unique_ptr<SpanSink> make_store_spans(const std::shared_ptr<grpc::Channel>& store,
                                                         const Settings& settings, Shared& shared);

}  // namespace ldt::telemetry
