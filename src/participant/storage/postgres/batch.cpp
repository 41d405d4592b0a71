// Loads, decides, writes.
// Depends on platform/postgres.
#include "participant/storage/postgres/batch.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "base/check.h"
#include "participant/storage/postgres/schema.h"

namespace ldt::participant {

namespace {

using postgres::Array;
using postgres::Parameters;

constexpr std::string_view kLockHolders =
    "SELECT id, name, balance, granted, price, last_entry, is_open FROM holder WHERE name = ANY($1)"
    " ORDER BY name FOR NO KEY UPDATE";
/// Behind the locks, so that it sees what those who held them before have committed.
constexpr std::string_view kFindOperations =
    "SELECT order_id, event, holder, item, amount FROM journal WHERE order_id = ANY($1)";
constexpr std::string_view kFindKeys = "SELECT key, request FROM operator_key WHERE key = ANY($1)";
constexpr std::string_view kNextBlock = "SELECT nextval('journal_block')";
constexpr std::string_view kAddHolders =
    "INSERT INTO holder (name) SELECT name FROM unnest($1) AS new(name) ON CONFLICT (name) DO NOTHING";

constexpr std::string_view kAppend =
    "INSERT INTO journal (seq, at_us, event, order_id, holder, amount, delta, previous)"
    " SELECT $1 + n, $2, event, order_id, holder, amount, delta, previous"
    " FROM unnest($3, $4, $5, $6, $7, $8) WITH ORDINALITY"
    " AS row(event, order_id, holder, amount, delta, previous, n)";
constexpr std::string_view kAppendWithItems =
    "INSERT INTO journal (seq, at_us, event, order_id, holder, amount, delta, previous, item)"
    " SELECT $1 + n, $2, event, order_id, holder, amount, delta, previous, item"
    " FROM unnest($3, $4, $5, $6, $7, $8, $9) WITH ORDINALITY"
    " AS row(event, order_id, holder, amount, delta, previous, item, n)";
constexpr std::string_view kSaveBalances =
    "UPDATE holder SET balance = new.balance, last_entry = new.last_entry"
    " FROM unnest($1, $2, $3) AS new(id, balance, last_entry) WHERE holder.id = new.id";
constexpr std::string_view kSaveHoldings =
    "UPDATE holder SET balance = new.balance, last_entry = new.last_entry, granted = new.granted, price = new.price,"
    " is_open = true"
    " FROM unnest($1, $2, $3, $4, $5) AS new(id, balance, last_entry, granted, price) WHERE holder.id = new.id";
constexpr std::string_view kSavePrices =
    "UPDATE holder SET price_seq = new.seq FROM unnest($1, $2) AS new(id, seq) WHERE holder.id = new.id";
constexpr std::string_view kNotifyPrices = "SELECT pg_notify($1, '')";
constexpr std::string_view kAddKeys =
    "INSERT INTO operator_key (key, request, seq) SELECT * FROM unnest($1, $2, $3) AS new(key, request, seq)";

/// Another's holder, in an order that is known with another payload. Equal to none of the batch's.
constexpr NameId kStranger = std::numeric_limits<NameId>::max();

std::int64_t event_of(const JournalRow& row) {
  if (row.kind == RowKind::kGrant) return kGrantEvent;
  if (row.kind == RowKind::kPrice) return kPriceEvent;
  return static_cast<std::int64_t>(row.state);
}

/// Each once, in the order of their bytes: the order in which PostgreSQL's collation "C" locks them.
template <class T>
void sort_once(std::vector<T>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

template <class T>
Array to_array(Array array, const std::vector<T>& values) {
  for (const T& value : values) array.add(value);
  return array;
}

}  // namespace

// The journal

Result<void> BatchJournal::append(const JournalRow& row) {
  CHECK(row.seq == first_seq_ + static_cast<std::int64_t>(events_.size()));
  if (events_.size() == static_cast<std::size_t>(kRowsPerBatch)) {
    return failure(ErrorKind::kInvalid, "more commands in one batch than there are numbers for");
  }
  const std::int64_t holder = holder_id(row.payload.holder);
  events_.add(event_of(row));
  orders_.add(row.order);
  holders_.add(holder);
  amounts_.add(row.payload.amount);
  deltas_.add(row.delta);
  previous_.add(row.previous);
  if (row.payload.item == kNoName) {
    items_.add_null();
  } else {
    items_.add(std::string_view(book_.name(row.payload.item)));
  }
  if (row.kind == RowKind::kPrice) {
    price_holders_.add(holder);
    price_seqs_.add(row.seq);
  }
  return {};
}

Result<std::optional<std::string>> BatchJournal::find_key(std::string_view key) {
  const auto found = keys_.find(key);
  return found == keys_.end() ? std::nullopt : std::optional(found->second);
}

Result<void> BatchJournal::add_key(std::string_view key, std::string_view request, std::int64_t seq) {
  keys_.emplace(key, request);
  new_keys_.add(key);
  new_requests_.add(request);
  new_key_seqs_.add(seq);
  return {};
}

void BatchJournal::queue_writes(postgres::Connection& connection, WallTime at, bool has_item) const {
  if (!events_.empty()) {
    Parameters rows;
    rows.integer(first_seq_ - 1).integer(at.us).array(events_).array(orders_).array(holders_);
    rows.array(amounts_).array(deltas_).array(previous_);
    if (has_item) rows.array(items_);
    connection.queue(has_item ? kAppendWithItems : kAppend, rows);
  }
  if (!new_keys_.empty()) {
    connection.queue(kAddKeys, Parameters().array(new_keys_).array(new_requests_).array(new_key_seqs_));
  }
  if (!price_holders_.empty()) {
    connection.queue(kSavePrices, Parameters().array(price_holders_).array(price_seqs_));
    connection.queue(kNotifyPrices, Parameters().text(kPriceChannel));
  }
}

// Loading

Batch::Batch(const Rules& rules, std::span<Job* const> jobs) : rules_(rules), jobs_(jobs), touched_(rules) {
  for (const Job* job : jobs) {
    job->list(touched_);
    commands_ += job->size();
  }
  sort_once(touched_.holders);
  sort_once(touched_.orders);
  sort_once(touched_.keys);
}

postgres::Result<void> Batch::load(postgres::Connection& connection) {
  queue_loads(connection);
  auto loaded = try_load(connection);
  if (!loaded) return tl::unexpected(std::move(loaded.error()));
  if (*loaded) return {};
  queue_loads(connection);
  loaded = try_load(connection);
  if (!loaded) return tl::unexpected(std::move(loaded.error()));
  if (*loaded) return {};
  connection.rollback();
  return tl::unexpected(postgres::Error{postgres::ErrorClass::kRetry, {}, "somebody takes holders away"});
}

void Batch::queue_loads(postgres::Connection& connection) const {
  connection.queue_begin();
  connection.queue(kLockHolders, Parameters().array(to_array(postgres::texts(), touched_.holders)));
  connection.queue(kFindOperations, Parameters().array(to_array(postgres::uuids(), touched_.orders)));
  connection.queue(kNextBlock);
  if (touched_.keys.empty()) return;
  connection.queue(kFindKeys, Parameters().array(to_array(postgres::byte_strings(), touched_.keys)));
}

/// False where holders were missing: they have been put into the queue, and the transaction has ended.
postgres::Result<bool> Batch::try_load(postgres::Connection& connection) {
  auto rows = connection.flush();
  if (!rows) return tl::unexpected(std::move(rows.error()));
  const std::size_t behind_begin = rows->size() - (touched_.keys.empty() ? 3 : 4);
  const postgres::Rows& holders = (*rows)[behind_begin];
  if (static_cast<std::size_t>(holders.size()) < touched_.holders.size()) {
    queue_new_holders(connection, holders);
    return false;
  }
  take_holders(holders);
  take_operations((*rows)[behind_begin + 1]);
  const std::int64_t first_seq = (*rows)[behind_begin + 2].integer(0, 0);
  if (!touched_.keys.empty()) {
    const postgres::Rows& keys = (*rows)[behind_begin + 3];
    for (int i = 0; i < keys.size(); ++i) journal_.know_key(keys.text(i, 0), keys.text(i, 1));
  }
  journal_.begin(first_seq);
  book_.set_last_seq(first_seq - 1);
  book_.commit();
  book_.clear_unsaved();
  return true;
}

/// In a transaction of their own, before any lock is held: whoever waits for a name that another adds holds nothing.
/// It need not be durable by itself; the batch's COMMIT comes later in the log.
void Batch::queue_new_holders(postgres::Connection& connection, const postgres::Rows& known) const {
  std::vector<std::string_view> known_names;
  known_names.reserve(static_cast<std::size_t>(known.size()));
  for (int i = 0; i < known.size(); ++i) known_names.push_back(known.text(i, 1));
  std::vector<std::string_view> missing;
  std::set_difference(touched_.holders.begin(), touched_.holders.end(), known_names.begin(), known_names.end(),
                      std::back_inserter(missing));
  connection.queue("ROLLBACK");
  connection.queue_begin();
  connection.queue("SET LOCAL synchronous_commit = off");
  connection.queue(kAddHolders, Parameters().array(to_array(postgres::texts(), missing)));
  connection.queue("COMMIT");
}

void Batch::take_holders(const postgres::Rows& rows) {
  for (int i = 0; i < rows.size(); ++i) {
    const NameId id = book_.add_name(rows.text(i, 1));
    loaded_.push_back({.balance = rows.integer(i, 2),
                       .granted = rows.integer(i, 3),
                       .price = rows.integer(i, 4),
                       .open = rows.boolean(i, 6),
                       .last_entry = rows.integer(i, 5)});
    book_.set_holding(id, loaded_.back());
    journal_.know_holder(rows.integer(i, 0));
    names_by_id_.emplace(rows.integer(i, 0), id);
  }
}

/// An undo's row decides, wherever it comes.
void Batch::take_operations(const postgres::Rows& rows) {
  for (int i = 0; i < rows.size(); ++i) {
    const auto order = rows.order_id(i, 0);
    if (!order) continue;  // asked for by UUIDv7, so there is none
    const auto state = static_cast<OperationState>(rows.integer(i, 1));
    if (book_.recall(*order)->state == kUndone) continue;
    const auto holder = names_by_id_.find(rows.integer(i, 2));
    const Payload payload{holder == names_by_id_.end() ? kStranger : holder->second, name_of(rows.text(i, 3)),
                          rows.integer(i, 4)};
    book_.remember(*order, {state, payload});
  }
}

NameId Batch::name_of(std::string_view item) {
  if (item.empty()) return kNoName;
  const NameId known = book_.find_name(item);
  return known != kNoName ? known : book_.add_name(item);
}

// Deciding and writing

Result<void> Batch::decide(WallTime now) {
  at_ = now;
  Participant participant(rules_, book_, journal_);
  Decider decider{participant, journal_, book_, now};
  for (Job* job : jobs_) {
    if (auto decided = job->decide(decider); !decided) return decided;
  }
  return {};
}

void Batch::queue_writes(postgres::Connection& connection) const {
  journal_.queue_writes(connection, at_, rules_.terms().has_item);
  Array ids = postgres::integers();
  Array balances = postgres::integers();
  Array entries = postgres::integers();
  Array changed_ids = postgres::integers();
  Array changed_balances = postgres::integers();
  Array changed_entries = postgres::integers();
  Array granted = postgres::integers();
  Array prices = postgres::integers();
  for (const NameId id : book_.unsaved()) {
    const Holding& now = book_.holding(id);
    const Holding& before = loaded_[id - 1];
    const bool only_balance = before.open && before.granted == now.granted && before.price == now.price;
    (only_balance ? ids : changed_ids).add(journal_.holder_id(id));
    (only_balance ? balances : changed_balances).add(now.balance);
    (only_balance ? entries : changed_entries).add(now.last_entry);
    if (only_balance) continue;
    granted.add(now.granted);
    prices.add(now.price);
  }
  if (!ids.empty()) connection.queue(kSaveBalances, Parameters().array(ids).array(balances).array(entries));
  if (changed_ids.empty()) return;
  connection.queue(
      kSaveHoldings,
      Parameters().array(changed_ids).array(changed_balances).array(changed_entries).array(granted).array(prices));
}

}  // namespace ldt::participant
