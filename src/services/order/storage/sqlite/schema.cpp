#include "services/order/storage/sqlite/schema.h"

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

bool read_accepted(const sqlite::Statement& statement, OrderRow& row) {
  const auto id = OrderId::from_bytes(statement.blob(1));
  const auto user = UserName::parse(statement.text(2));
  const auto sku = Sku::parse(statement.text(3));
  row.quantity = {statement.integer(4)};
  row.unit_price = {statement.integer(5)};
  const auto total = checked_total(row.unit_price, row.quantity);
  if (!id || !user || !sku || !total) return false;
  row.id = *id;
  row.user = *user;
  row.sku = *sku;
  row.total = *total;
  row.idempotency_key = statement.text(6);
  row.request_fingerprint = static_cast<std::uint64_t>(statement.integer(7));
  row.handling.max_attempts = static_cast<std::uint32_t>(statement.integer(8));
  row.handling.step_timeout = std::chrono::milliseconds(statement.integer(9));
  row.handling.on_failure = statement.integer(10) == 0 ? saga::OnFailure::kRevert : saga::OnFailure::kHold;
  if (!statement.is_null(13) && statement.blob(13).size() == row.caller_span.size()) {
    std::memcpy(row.caller_span.data(), statement.blob(13).data(), row.caller_span.size());
  }
  row.created_at = {statement.integer(14)};
  return read_trace(statement.blob(12), row.trace);
}

bool read_progress(const sqlite::Statement& statement, OrderRow& row) {
  const auto state = statement.integer(15);
  const auto reason = statement.integer(16);
  if (state < 0 || state > 4 || reason < 0 || reason > 7) return false;
  row.state = static_cast<saga::OrderState>(state);
  row.reason = static_cast<saga::Outcome>(reason);
  if (!statement.is_null(17)) {
    const auto step = statement.integer(17);
    if (step < 0 || step >= static_cast<std::int64_t>(saga::kStepCount)) return false;
    row.failed_step = static_cast<saga::Step>(step);
  }
  if (!statement.is_null(19)) row.finished_at = WallTime{statement.integer(19)};
  return saga::is_final(row.state) == row.finished_at.has_value();  // a row of order_end, exactly if it has ended
}

}  // namespace

std::string trace_bytes(const TraceContext& trace) {
  std::string bytes(kTraceBytes, '\0');
  std::memcpy(bytes.data(), trace.trace_id.data(), 16);
  std::memcpy(bytes.data() + 16, trace.span_id.data(), 8);
  bytes[24] = static_cast<char>(trace.sampled);
  return bytes;
}

Result<OrderRow> read_row(const sqlite::Statement& statement) {
  OrderRow row;
  row.seq = statement.integer(0);
  if (!read_accepted(statement, row)) return broken(row.seq, "what was accepted");
  if (!read_progress(statement, row)) return broken(row.seq, "its state");
  auto attempts = parse_attempts(statement.text(18), row.created_at);
  if (!attempts) return broken(row.seq, attempts.error().detail);
  row.attempts = std::move(*attempts);
  auto failures = parse_failures(statement.text(11));
  if (!failures) return broken(row.seq, failures.error().detail);
  row.failures = std::move(*failures);
  return row;
}

}  // namespace ldt::order
