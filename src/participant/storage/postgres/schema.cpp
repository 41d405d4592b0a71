// SQL of the tables that every participant has in PostgreSQL.
#include "participant/storage/postgres/schema.h"

namespace ldt::participant {

const std::string_view kPostgresSchema = R"sql(
-- Users or SKUs, and what they hold. A row is there from the first command that names it; is_open says that it exists.
CREATE TABLE holder (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  balance bigint NOT NULL DEFAULT 0,
  granted bigint NOT NULL DEFAULT 0,     -- put in from outside
  price bigint NOT NULL DEFAULT 0,
  price_seq bigint NOT NULL DEFAULT 0,   -- journal.seq of the price; 0: none was set
  last_entry bigint NOT NULL DEFAULT 0,  -- journal.seq of its newest entry; 0: none
  is_open boolean NOT NULL DEFAULT false,
  name text COLLATE "C" NOT NULL UNIQUE
) WITH (fillfactor = 60);  -- room for new versions beside the old: no index needs to know of them

-- All that ever happened, append-only.
CREATE TABLE journal (
  seq bigint PRIMARY KEY,    -- ascending for each holder; numbers are left out
  at_us bigint NOT NULL,
  holder bigint NOT NULL,    -- holder.id
  amount bigint NOT NULL,    -- as asked for; of a price: the price
  delta bigint NOT NULL,     -- what it did to the holder's balance
  previous bigint NOT NULL,  -- of an entry: the holder's entry before it; 0: none
  order_id uuid,             -- of operations
  event smallint NOT NULL,   -- 1 DONE, 2 REFUSED, 3 TOMBSTONE, 4 UNDONE, 5 grant, 6 price
  item text                  -- of deliveries: the SKU
);
-- An order is decided once, and undone once: whoever else tries, of any replica, finds out here.
CREATE UNIQUE INDEX journal_by_order ON journal (order_id, (event = 4));
CREATE SEQUENCE journal_block INCREMENT BY 4096;

-- Operators' idempotency keys and the requests that they came with.
CREATE TABLE operator_key (key bytea PRIMARY KEY, request text NOT NULL, seq bigint NOT NULL);
)sql";

}  // namespace ldt::participant
