// The order service's tables in PostgreSQL, and how a row of them becomes an order.
// Depends on platform/postgres. Invariant: an order is one row; its happy end changes no indexed column, so that
// PostgreSQL writes the new version beside the old one and touches no index (HOT).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "platform/postgres/rows.h"
#include "services/order/engine/order_row.h"

namespace ldt::order::postgres_schema {

inline constexpr std::string_view kName = "ldt_order";

inline constexpr std::string_view kMigration1 = R"sql(
CREATE TABLE orders(
  id uuid PRIMARY KEY,               -- UUIDv7: in the order of acceptance, about
  quantity bigint NOT NULL,
  unit_price bigint NOT NULL,        -- the price at acceptance
  fingerprint bigint NOT NULL,       -- of the request
  created_us bigint NOT NULL,        -- Unix time
  owner integer NOT NULL,            -- replica.id: who drives it
  max_attempts integer NOT NULL,
  step_timeout_ms integer NOT NULL,
  on_failure smallint NOT NULL,      -- 0 REVERT, 1 HOLD
  reason smallint NOT NULL,          -- why it is HELD, REVERTING or REVERTED; 0: it is not
  failed_step smallint,
  unsettled boolean NOT NULL,        -- it is HELD or REVERTING, or was HELD and has not ended
  user_name text NOT NULL,
  sku text NOT NULL,
  trace bytea NOT NULL,              -- trace id, span id, sampled
  caller_span bytea,
  idempotency_key text,
  failures text,                     -- failure instructions and their strikes
  state smallint NOT NULL,           -- 0 RUNNING, 1 HELD, 2 REVERTING, 3 COMPLETED, 4 REVERTED
  finished_us bigint,
  attempts text                      -- as of the last change of state
) WITH (fillfactor = 50);            -- room for the version of its end beside it
CREATE UNIQUE INDEX orders_by_key ON orders(idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX orders_by_user ON orders(user_name, id);
CREATE INDEX orders_by_reason ON orders(reason, id) WHERE reason <> 0;
CREATE INDEX orders_by_failed_step ON orders(failed_step, id) WHERE failed_step IS NOT NULL;
CREATE INDEX orders_unsettled ON orders(owner, id) WHERE unsettled;
CREATE TABLE replica(
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text UNIQUE NOT NULL,
  lease_until timestamptz NOT NULL,  -- afterwards the others take over what it drives
  oldest_running uuid NOT NULL,      -- its RUNNING orders are not older than this, unless they are unsettled
  oldest_open uuid NOT NULL,         -- nor is any that it has open
  settled boolean NOT NULL DEFAULT false  -- it is gone, and nothing is left of it
) WITH (fillfactor = 50);
CREATE TABLE taken_over(             -- orders that a replica drove, and has not let go yet
  replica integer NOT NULL,
  n bigint GENERATED ALWAYS AS IDENTITY,
  id uuid NOT NULL,
  PRIMARY KEY (replica, n)
);
CREATE TABLE stuck(                  -- orders with an undo that keeps failing, for who asks another replica
  id uuid PRIMARY KEY,
  replica integer NOT NULL,
  step smallint NOT NULL,
  attempts bigint NOT NULL,
  error text NOT NULL
);
CREATE TABLE sold(sku text, replica integer, quantity bigint NOT NULL, PRIMARY KEY(sku, replica)) WITH (fillfactor = 50);
-- For people.
CREATE VIEW order_status AS
SELECT o.id, user_name, sku, quantity, unit_price, quantity * unit_price AS total,
  (ARRAY['RUNNING','HELD','REVERTING','COMPLETED','REVERTED'])[state + 1] AS state,
  CASE state WHEN 3 THEN 'SUCCESS' ELSE (ARRAY['SUCCESS','INSUFFICIENT_FUND','INSUFFICIENT_INVENTORY','TIMEOUT',
    'UNKNOWN','UNDELIVERABLE','CANCELLED'])[reason] END AS outcome,
  r.name AS replica, to_timestamp(created_us / 1e6) AS created_at, to_timestamp(finished_us / 1e6) AS finished_at
FROM orders o LEFT JOIN replica r ON r.id = o.owner;
)sql";

inline constexpr std::array<std::string_view, 1> kMigrations{kMigration1};

/// What `read_row` expects, in this order, of `orders o`.
inline const std::string kColumns =
    "o.id, o.user_name, o.sku, o.quantity, o.unit_price, o.idempotency_key, o.fingerprint, o.max_attempts, "
    "o.step_timeout_ms, o.on_failure, o.failures, o.trace, o.caller_span, o.created_us, o.state, o.reason, "
    "o.failed_step, o.attempts, o.finished_us";

/// kInternal where it is broken.
[[nodiscard]] Result<OrderRow> read_row(const postgres::Rows& rows, int row);
[[nodiscard]] Result<std::vector<OrderRow>> read_rows(const postgres::Rows& rows);

/// Orders have no number here, but their ids are in order: the milliseconds and the counter of the id, which replicas
/// seldom share.
[[nodiscard]] std::int64_t row_of(const OrderId& id);
/// The lowest id of a row.
[[nodiscard]] OrderId first_of_row(std::int64_t row);

}  // namespace ldt::order::postgres_schema
