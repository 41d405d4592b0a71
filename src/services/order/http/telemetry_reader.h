// Asks the telemetry store for logs and traces.
// Hides the generated stub. Invariant: every question is answered within kDeadline, a dead store's included; nothing
// here blocks.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/order_id.h"
#include "base/result.h"
#include "base/trace_context.h"

namespace grpc {
class Channel;
}  // namespace grpc

namespace ldt::order {

/// What to list; empty members do not choose.
struct LogQuery {
  std::optional<OrderId> order;
  std::string service;
  int min_severity = 0;  // OpenTelemetry's number
  std::string text;
  std::string after;  // the store's own cursor
  std::int64_t since_us = 0;
  std::uint32_t limit = 100;
  bool newest = false;  // the last ones instead of the first
};

struct StoredLog {
  std::int64_t time_us = 0;
  int severity = 0;
  std::string service;
  std::string body;
  std::string trace_id;  // bytes; empty: none
  std::string span_id;
  std::string order_id;
  std::string attributes;  // JSON
};

struct StoredLogs {
  std::vector<StoredLog> logs;  // oldest first
  std::string next_cursor;
  std::uint64_t dropped = 0;
  std::uint64_t left_out = 0;
};

struct StoredSpan {
  std::string span_id;
  std::string parent_span_id;  // empty: none
  std::string service;
  std::string name;
  int kind = 0;
  std::int64_t start_us = 0;
  std::int64_t duration_us = 0;
  int status = 0;
  std::string status_detail;
  std::string attributes;  // JSON
  std::string links;       // JSON
};

struct StoredTrace {
  std::vector<StoredSpan> spans;  // oldest first
  std::vector<StoredLog> logs;
};

/// Thread-safe. Callbacks run once, on a thread of gRPC's or at once.
class TelemetryReader {
 public:
  static constexpr std::chrono::seconds kDeadline{5};

  /// @param store  null: every question is answered with kUnavailable
  explicit TelemetryReader(const std::shared_ptr<grpc::Channel>& store);
  ~TelemetryReader();
  TelemetryReader(const TelemetryReader&) = delete;
  TelemetryReader& operator=(const TelemetryReader&) = delete;

  /// kInvalid: the cursor is none of the store's.
  void logs(const LogQuery& query, std::function<void(Result<StoredLogs>)> done);
  void trace(const TraceId& trace, const OrderId& order, std::function<void(Result<StoredTrace>)> done);

  /// Refuses further questions and returns once every callback has run.
  void stop();

 private:
  class Calls;
  std::shared_ptr<Calls> calls_;
};

}  // namespace ldt::order
