// SQL of the tables that every participant has.
#include "participant/storage/sqlite/schema.h"

namespace ldt::participant {

namespace {

constexpr std::string_view kSchema = R"sql(
-- Users and SKUs, interned.
CREATE TABLE name (
  id INTEGER PRIMARY KEY,  -- 1, 2, 3, ...
  text TEXT NOT NULL UNIQUE
) STRICT;

-- All that ever happened, append-only.
CREATE TABLE journal (
  seq INTEGER PRIMARY KEY,  -- 1, 2, 3, ... without gaps
  at_us INTEGER NOT NULL,
  kind INTEGER NOT NULL,    -- 1 grant, 2 do, 3 undo, 4 price
  state INTEGER,            -- do: 1 DONE, 2 REFUSED; undo: 3 TOMBSTONE, 4 UNDONE
  order_id BLOB,            -- of do and undo
  holder INTEGER NOT NULL,  -- name.id
  item INTEGER,             -- name.id
  amount INTEGER NOT NULL,  -- as asked for; of a price row: the price
  delta INTEGER NOT NULL    -- what it did to the holder's balance
) STRICT;
CREATE UNIQUE INDEX journal_by_order ON journal (order_id, kind) WHERE order_id IS NOT NULL;

-- The journal up to projected_seq, added up for each holder. Saved now and then; the rest is replayed at start.
CREATE TABLE projection (id INTEGER PRIMARY KEY CHECK (id = 1), projected_seq INTEGER NOT NULL) STRICT;
INSERT INTO projection VALUES (1, 0);
CREATE TABLE holding (
  name_id INTEGER PRIMARY KEY,
  balance INTEGER NOT NULL,
  granted INTEGER NOT NULL,
  price INTEGER NOT NULL
) STRICT;
CREATE TABLE entry_by_holder (holder INTEGER, seq INTEGER, PRIMARY KEY (holder, seq)) STRICT, WITHOUT ROWID;

-- Operators' idempotency keys and the requests that they came with.
CREATE TABLE operator_key (key TEXT PRIMARY KEY, request TEXT NOT NULL, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- How often failure instructions have struck; written before they strike.
CREATE TABLE strike (
  order_id BLOB, idx INTEGER, count INTEGER NOT NULL, PRIMARY KEY (order_id, idx)
) STRICT, WITHOUT ROWID;

-- What the journal's tail adds to the saved holdings.
CREATE VIEW tail AS
  SELECT holder, sum(delta) AS delta, sum(CASE kind WHEN 1 THEN delta ELSE 0 END) AS granted
  FROM journal WHERE seq > (SELECT projected_seq FROM projection)
  GROUP BY holder HAVING max(kind IN (1, 4) OR delta <> 0);
CREATE VIEW tail_price AS
  SELECT holder, max(seq) AS seq, amount AS price
  FROM journal WHERE seq > (SELECT projected_seq FROM projection) AND kind = 4 GROUP BY holder;

-- Every holding, true at this moment.
CREATE VIEW holding_now AS
  SELECT name.id AS name_id, name.text AS name,
         coalesce(holding.balance, 0) + coalesce(tail.delta, 0) AS balance,
         coalesce(holding.granted, 0) + coalesce(tail.granted, 0) AS granted,
         coalesce(tail_price.price, holding.price, 0) AS price
  FROM name
  LEFT JOIN holding ON holding.name_id = name.id
  LEFT JOIN tail ON tail.holder = name.id
  LEFT JOIN tail_price ON tail_price.holder = name.id
  WHERE holding.name_id IS NOT NULL OR tail.holder IS NOT NULL;
)sql";

/// Entries name the one before them, in place of an index.
constexpr std::string_view kEntryChains = R"sql(
ALTER TABLE journal ADD COLUMN previous INTEGER NOT NULL DEFAULT 0;  -- of an entry: the holder's entry before it; 0: none
UPDATE journal SET previous = chain.previous
  FROM (SELECT seq, lag(seq, 1, 0) OVER (PARTITION BY holder ORDER BY seq) AS previous
        FROM journal WHERE kind = 1 OR state IN (1, 4)) AS chain
  WHERE journal.seq = chain.seq;
ALTER TABLE holding ADD COLUMN last_entry INTEGER NOT NULL DEFAULT 0;
UPDATE holding SET last_entry =
  coalesce((SELECT max(seq) FROM entry_by_holder WHERE entry_by_holder.holder = holding.name_id), 0);
DROP TABLE entry_by_holder;
)sql";

/// What has struck follows from the attempt's number, so it is not counted.
constexpr std::string_view kNoStrikes = "DROP TABLE strike;";

/// Holdings are saved a slice at a time: some are ahead of projected_seq, as far as their own last entry.
constexpr std::string_view kSlices = R"sql(
DROP VIEW tail;
CREATE VIEW tail AS
  SELECT journal.holder, sum(delta) AS delta, sum(CASE kind WHEN 1 THEN delta ELSE 0 END) AS granted
  FROM journal LEFT JOIN holding ON holding.name_id = journal.holder
  WHERE seq > (SELECT projected_seq FROM projection) AND seq > coalesce(holding.last_entry, 0)
  GROUP BY journal.holder HAVING max(kind IN (1, 4) OR delta <> 0);
)sql";

/// Names are looked up in the writer's memory. An index of them by text touched a page at random for each new one.
constexpr std::string_view kNamesInMemory = R"sql(
CREATE TABLE name_copy AS SELECT id, text FROM name;
DROP TABLE name;
CREATE TABLE name (
  id INTEGER PRIMARY KEY,  -- 1, 2, 3, ...
  text TEXT NOT NULL       -- no two are the same
) STRICT;
INSERT INTO name SELECT id, text FROM name_copy ORDER BY id;
DROP TABLE name_copy;
)sql";

}  // namespace

std::array<std::string_view, 6> migrations(std::string_view views) {
  return {kSchema, views, kEntryChains, kNoStrikes, kSlices, kNamesInMemory};
}

}  // namespace ldt::participant
