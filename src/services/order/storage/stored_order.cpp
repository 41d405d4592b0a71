#include "services/order/storage/stored_order.h"

#include <cstring>

#include "services/order/storage/stored_text.h"

namespace ldt::order {
namespace {

constexpr std::size_t kTraceBytes = 25;

tl::unexpected<Error> broken(std::int64_t seq, std::string_view what) {
  return failure(ErrorKind::kInternal, "orders row " + std::to_string(seq) + " is broken: " + std::string(what));
}

bool read_trace(std::string_view bytes, TraceContext& trace) {
  if (bytes.size() != kTraceBytes) return false;
  std::memcpy(trace.trace_id.data(), bytes.data(), 16);
  std::memcpy(trace.span_id.data(), bytes.data() + 16, 8);
  trace.sampled = bytes[24] != 0;
  return true;
}

bool read_accepted(const StoredOrder& stored, OrderRow& row) {
  const auto user = UserName::parse(stored.user);
  const auto sku = Sku::parse(stored.sku);
  row.quantity = {stored.quantity};
  row.unit_price = {stored.unit_price};
  const auto total = checked_total(row.unit_price, row.quantity);
  if (!stored.id || !user || !sku || !total) return false;
  row.id = *stored.id;
  row.user = *user;
  row.sku = *sku;
  row.total = *total;
  row.idempotency_key = stored.idempotency_key;
  row.request_fingerprint = static_cast<std::uint64_t>(stored.fingerprint);
  row.handling.max_attempts = static_cast<std::uint32_t>(stored.max_attempts);
  row.handling.step_timeout = std::chrono::milliseconds(stored.step_timeout_ms);
  row.handling.on_failure = stored.on_failure == 0 ? saga::OnFailure::kRevert : saga::OnFailure::kHold;
  if (stored.caller_span.size() == row.caller_span.size()) {
    std::memcpy(row.caller_span.data(), stored.caller_span.data(), row.caller_span.size());
  }
  row.created_at = {stored.created_us};
  return read_trace(stored.trace, row.trace);
}

bool read_progress(const StoredOrder& stored, OrderRow& row) {
  if (stored.state < 0 || stored.state > 4 || stored.reason < 0 || stored.reason > 7) return false;
  row.state = static_cast<saga::OrderState>(stored.state);
  row.reason = static_cast<saga::Outcome>(stored.reason);
  if (stored.failed_step) {
    const auto step = *stored.failed_step;
    if (step < 0 || step >= static_cast<std::int64_t>(saga::kStepCount)) return false;
    row.failed_step = static_cast<saga::Step>(step);
  }
  if (stored.finished_us) row.finished_at = WallTime{*stored.finished_us};
  return saga::is_final(row.state) == row.finished_at.has_value();  // there is an end, exactly if it has ended
}

}  // namespace

std::string trace_bytes(const TraceContext& trace) {
  std::string bytes(kTraceBytes, '\0');
  std::memcpy(bytes.data(), trace.trace_id.data(), 16);
  std::memcpy(bytes.data() + 16, trace.span_id.data(), 8);
  bytes[24] = static_cast<char>(trace.sampled);
  return bytes;
}

Result<OrderRow> to_row(const StoredOrder& stored) {
  OrderRow row;
  row.seq = stored.seq;
  if (!read_accepted(stored, row)) return broken(row.seq, "what was accepted");
  if (!read_progress(stored, row)) return broken(row.seq, "its state");
  auto attempts = parse_attempts(stored.attempts, row.created_at);
  if (!attempts) return broken(row.seq, attempts.error().detail);
  row.attempts = std::move(*attempts);
  auto failures = parse_failures(stored.failures);
  if (!failures) return broken(row.seq, failures.error().detail);
  row.failures = std::move(*failures);
  return row;
}

}  // namespace ldt::order
