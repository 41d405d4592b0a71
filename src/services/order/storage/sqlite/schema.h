// The order service's tables, and how a row of them becomes an order.
// Depends on platform/sqlite. Invariant: `orders` says what was accepted and why it failed, `order_end` that it ended;
// an order has a row there exactly if it is COMPLETED or REVERTED.
#pragma once

#include <array>
#include <string_view>

#include "base/result.h"
#include "platform/sqlite/database.h"
#include "services/order/engine/order_row.h"

namespace ldt::order {

inline constexpr std::string_view kSchema1 = R"sql(
CREATE TABLE orders(
  seq INTEGER PRIMARY KEY,        -- in the order of acceptance
  id BLOB NOT NULL,               -- UUIDv7
  user TEXT NOT NULL,
  sku TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  unit_price INTEGER NOT NULL,    -- the price at acceptance
  idempotency_key TEXT,
  fingerprint INTEGER NOT NULL,   -- of the request
  max_attempts INTEGER NOT NULL,
  step_timeout_ms INTEGER NOT NULL,
  on_failure INTEGER NOT NULL,    -- 0 REVERT, 1 HOLD
  failures TEXT,                  -- failure instructions and their strikes
  trace BLOB NOT NULL,            -- trace id, span id, sampled
  caller_span BLOB,
  created_us INTEGER NOT NULL,    -- Unix time
  state INTEGER NOT NULL,         -- 0 RUNNING, 1 HELD, 2 REVERTING; its end is in order_end
  reason INTEGER NOT NULL,        -- why it is HELD, REVERTING or REVERTED; 0: it is not
  failed_step INTEGER,
  attempts TEXT                   -- as of the last change of state; an ended order's are in order_end
);
CREATE UNIQUE INDEX orders_by_id ON orders(id);
CREATE UNIQUE INDEX orders_by_key ON orders(idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX orders_by_reason ON orders(reason, seq) WHERE reason <> 0;
CREATE INDEX orders_by_failed_step ON orders(failed_step, seq) WHERE failed_step IS NOT NULL;
CREATE TABLE order_end(
  seq INTEGER PRIMARY KEY,        -- orders.seq
  state INTEGER NOT NULL,         -- 3 COMPLETED, 4 REVERTED
  attempts TEXT NOT NULL,
  failures TEXT,
  finished_us INTEGER NOT NULL
);
-- Projections, saved now and then up to a mark: what is newer is found in `orders` itself.
CREATE TABLE order_by_user(user TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(user, seq)) WITHOUT ROWID;
CREATE TABLE mark(name TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO mark VALUES('indexed_through', 0), ('finished_through', 0);
CREATE TABLE sold(sku TEXT PRIMARY KEY, quantity INTEGER NOT NULL) WITHOUT ROWID;
-- For people.
CREATE VIEW order_status AS
SELECT lower(substr(hex(id),1,8)||'-'||substr(hex(id),9,4)||'-'||substr(hex(id),13,4)||'-'||substr(hex(id),17,4)||'-'||
       substr(hex(id),21)) AS id, user, sku, quantity, unit_price, quantity * unit_price AS total,
  CASE coalesce(e.state, o.state) WHEN 0 THEN 'RUNNING' WHEN 1 THEN 'HELD' WHEN 2 THEN 'REVERTING' WHEN 3 THEN 'COMPLETED'
    ELSE 'REVERTED' END AS state,
  CASE reason WHEN 0 THEN CASE e.state WHEN 3 THEN 'SUCCESS' END WHEN 2 THEN 'INSUFFICIENT_FUND'
    WHEN 3 THEN 'INSUFFICIENT_INVENTORY' WHEN 4 THEN 'TIMEOUT' WHEN 5 THEN 'UNKNOWN' WHEN 6 THEN 'UNDELIVERABLE'
    ELSE 'CANCELLED' END AS outcome,
  datetime(created_us / 1000000, 'unixepoch') AS created_at, datetime(finished_us / 1000000, 'unixepoch') AS finished_at
FROM orders o LEFT JOIN order_end e ON e.seq = o.seq;
)sql";

/// Orders name the same user's order before them, in place of an index, whose pages would be touched at random.
inline constexpr std::string_view kSchema2 = R"sql(
ALTER TABLE orders ADD COLUMN previous INTEGER NOT NULL DEFAULT 0;  -- seq of the user's order before it; 0: none
UPDATE orders SET previous = chain.previous
  FROM (SELECT seq, lag(seq, 1, 0) OVER (PARTITION BY user ORDER BY seq) AS previous FROM orders) AS chain
  WHERE orders.seq = chain.seq;
-- A projection, up to 'indexed_through': what is newer is found in `orders` itself.
CREATE TABLE last_order(user TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO last_order SELECT user, max(seq) FROM order_by_user GROUP BY user;
DROP TABLE order_by_user;
)sql";

inline constexpr std::array<std::string_view, 2> kMigrations{kSchema1, kSchema2};

/// What `read_row` expects, in this order, of `orders o LEFT JOIN order_end e`.
inline constexpr std::string_view kRowColumns =
    "o.seq, o.id, o.user, o.sku, o.quantity, o.unit_price, o.idempotency_key, o.fingerprint, o.max_attempts, "
    "o.step_timeout_ms, o.on_failure, coalesce(e.failures, o.failures), o.trace, o.caller_span, o.created_us, "
    "coalesce(e.state, o.state), o.reason, o.failed_step, coalesce(e.attempts, o.attempts), e.finished_us";

/// The order in the statement's current row; kInternal where it is broken.
[[nodiscard]] Result<OrderRow> read_row(const sqlite::Statement& statement);

}  // namespace ldt::order
