#include "services/order/storage/postgres/order_arrays.h"

#include <optional>
#include <string>

#include "services/order/storage/stored_order.h"
#include "services/order/storage/stored_text.h"

namespace ldt::order {
namespace {

using postgres::Array;

void add_text_or_null(Array& array, std::string_view text) {
  if (text.empty()) {
    array.add_null();
  } else {
    array.add(text);
  }
}

void add_step_or_null(Array& array, const std::optional<saga::Step>& step) {
  if (step) {
    array.add(static_cast<std::int64_t>(*step));
  } else {
    array.add_null();
  }
}

std::string_view bytes_of(const SpanId& span) { return {reinterpret_cast<const char*>(span.data()), span.size()}; }

}  // namespace

// Where the replica has been without a lease for long, its orders count as settled: nothing may be added to them.
const std::string_view kInsertOrders =
    "INSERT INTO orders(id, owner, user_name, sku, quantity, unit_price, idempotency_key, fingerprint, max_attempts, "
    "step_timeout_ms, on_failure, failures, trace, caller_span, created_us, state, reason, unsettled) "
    "SELECT id, $1, user_name, sku, quantity, unit_price, key, fingerprint, max_attempts, step_timeout_ms, on_failure, "
    "failures, trace, caller_span, created_us, 0, 0, false "
    "FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) AS w(id, user_name, sku, quantity, "
    "unit_price, key, fingerprint, max_attempts, step_timeout_ms, on_failure, failures, trace, caller_span, "
    "created_us) "
    "WHERE EXISTS (SELECT 1 FROM replica WHERE id = $1 AND lease_until > now() - interval '30 seconds') "
    "ON CONFLICT DO NOTHING RETURNING id";

postgres::Parameters insert_parameters(std::int64_t replica, std::span<const Write* const> writes) {
  Array ids = postgres::uuids();
  Array users = postgres::texts(), skus = postgres::texts(), keys = postgres::texts(), failures = postgres::texts();
  Array traces = postgres::byte_strings(), caller_spans = postgres::byte_strings();
  Array quantities = postgres::integers(), prices = postgres::integers(), fingerprints = postgres::integers();
  Array max_attempts = postgres::integers(), timeouts = postgres::integers(), on_failures = postgres::integers();
  Array created = postgres::integers();
  for (const Write* write : writes) {
    const OrderRow& row = *write->row;
    ids.add(row.id);
    users.add(row.user.text());
    skus.add(row.sku.text());
    quantities.add(row.quantity.value);
    prices.add(row.unit_price.value);
    add_text_or_null(keys, row.idempotency_key);
    fingerprints.add(static_cast<std::int64_t>(row.request_fingerprint));
    max_attempts.add(std::int64_t{row.handling.max_attempts});
    timeouts.add(std::int64_t{row.handling.step_timeout.count()});
    on_failures.add(static_cast<std::int64_t>(row.handling.on_failure));
    add_text_or_null(failures, render_failures(row.failures));
    traces.add(trace_bytes(row.trace));
    add_text_or_null(caller_spans, row.caller_span == SpanId{} ? std::string_view() : bytes_of(row.caller_span));
    created.add(row.created_at.us);
  }
  postgres::Parameters parameters;
  parameters.integer(replica).array(ids).array(users).array(skus).array(quantities).array(prices).array(keys);
  parameters.array(fingerprints).array(max_attempts).array(timeouts).array(on_failures).array(failures);
  parameters.array(traces).array(caller_spans).array(created);
  return parameters;
}

// What has ended changes no column that an index has: reason and failed_step keep their values.
const std::string_view kChangeOrders =
    "WITH changed AS (UPDATE orders o SET state = w.state, reason = CASE w.state WHEN 3 THEN o.reason ELSE w.reason "
    "END, "
    "failed_step = CASE w.state WHEN 3 THEN o.failed_step ELSE w.failed_step END, attempts = w.attempts, "
    "failures = w.failures, finished_us = w.finished_us, "
    "unsettled = w.state IN (1, 2) OR (w.state = 0 AND o.unsettled) "
    "FROM unnest($2, $3, $4, $5, $6, $7, $8, $9) AS w(id, was, state, reason, failed_step, attempts, failures, "
    "finished_us) WHERE o.id = w.id AND o.state = w.was RETURNING o.id, o.sku, o.quantity, o.state), "
    "sales AS (INSERT INTO sold(sku, replica, quantity) SELECT sku, $1, sum(quantity)::bigint FROM changed "
    "WHERE state = 3 GROUP BY sku ORDER BY sku ON CONFLICT (sku, replica) "
    "DO UPDATE SET quantity = sold.quantity + excluded.quantity) "
    "SELECT id FROM changed";

postgres::Parameters change_parameters(std::int64_t replica, std::span<const Write* const> writes) {
  Array ids = postgres::uuids();
  Array were = postgres::integers(), states = postgres::integers(), reasons = postgres::integers();
  Array failed_steps = postgres::integers(), finished = postgres::integers();
  Array attempts = postgres::texts(), failures = postgres::texts();
  for (const Write* write : writes) {
    const OrderRow& row = *write->row;
    ids.add(row.id);
    were.add(static_cast<std::int64_t>(write->from));
    states.add(static_cast<std::int64_t>(write->to.state));
    reasons.add(static_cast<std::int64_t>(write->to.reason));
    add_step_or_null(failed_steps, write->to.failed_step);
    attempts.add(render_attempts(row.attempts, row.created_at));
    add_text_or_null(failures, render_failures(row.failures));
    if (write->to.finished_at) {
      finished.add(write->to.finished_at->us);
    } else {
      finished.add_null();
    }
  }
  postgres::Parameters parameters;
  parameters.integer(replica).array(ids).array(were).array(states).array(reasons).array(failed_steps);
  parameters.array(attempts).array(failures).array(finished);
  return parameters;
}

const std::string_view kSaveStrikes =
    "UPDATE orders o SET failures = w.failures, attempts = CASE WHEN o.state >= 3 THEN w.attempts ELSE o.attempts END "
    "FROM unnest($1, $2, $3) AS w(id, failures, attempts) WHERE o.id = w.id";

postgres::Parameters strikes_parameters(std::span<const Write* const> writes) {
  Array ids = postgres::uuids();
  Array failures = postgres::texts(), attempts = postgres::texts();
  for (const Write* write : writes) {
    ids.add(write->row->id);
    add_text_or_null(failures, render_failures(write->row->failures));
    attempts.add(render_attempts(write->row->attempts, write->row->created_at));
  }
  return postgres::Parameters().array(ids).array(failures).array(attempts);
}

}  // namespace ldt::order
