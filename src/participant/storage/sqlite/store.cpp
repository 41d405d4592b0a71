// Reads and writes the participant's tables.
// Depends on platform/sqlite.
#include "participant/storage/sqlite/store.h"

#include <utility>

#include "participant/participant.h"

namespace ldt::participant {

namespace {

std::optional<OrderId> to_order_id(std::string_view bytes) { return OrderId::from_bytes(bytes); }

/// Runs `on_row` for each row.
template <class OnRow>
Result<void> each(sqlite::Statement& statement, OnRow on_row) {
  for (;;) {
    const auto row = statement.step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return {};
    if (Result<void> done = on_row(); !done) {
      statement.reset();
      return done;
    }
  }
}

/// The operation in four columns from `first` on: state, holder, item, amount. Nothing where the state is none that an
/// operation can be in: a flipped bit must not become one.
std::optional<Operation> to_operation(const sqlite::Statement& row, int first) {
  const auto state = row.integer(first);
  if (state < static_cast<std::int64_t>(kDone) || state > static_cast<std::int64_t>(kUndone)) return std::nullopt;
  return Operation{static_cast<OperationState>(state),
                   {static_cast<NameId>(row.integer(first + 1)), static_cast<NameId>(row.integer(first + 2)),
                    row.integer(first + 3)}};
}

/// No journal ever grows so long; a number beyond it is a broken one, and those after it might overflow.
constexpr std::int64_t kMaxSeq = std::int64_t{1} << 62;

/// False where no command and no grant can have led there, and sums might overflow.
bool possible(const Holding& holding) {
  if (holding.last_entry < 0 || holding.last_entry > kMaxSeq) return false;
  return holding.balance >= -kMaxGranted && holding.balance <= kMaxGranted && holding.granted >= -kMaxGranted &&
         holding.granted <= kMaxGranted;
}

tl::unexpected<Error> broken(const std::string& path, std::string_view what) {
  return failure(ErrorKind::kInternal, path + ": broken: " + std::string(what));
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const std::string& path, const sqlite::OwnerOptions& options) {
  auto database = sqlite::Database::open_owner(path, options);
  if (!database) return tl::unexpected(database.error());
  std::unique_ptr<Store> store(new Store(std::move(*database)));
  if (auto done = store->prepare(); !done) return tl::unexpected(done.error());
  return store;
}

Result<void> Store::prepare() {
  const std::pair<sqlite::Statement*, std::string_view> statements[] = {
      {&find_, "SELECT kind, state, holder, item, amount FROM journal WHERE order_id = ?1 ORDER BY kind"},
      {&append_, "INSERT INTO journal VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"},
      {&add_name_, "INSERT INTO name VALUES (?1, ?2)"},
      {&find_key_, "SELECT request FROM operator_key WHERE key = ?1"},
      {&add_key_, "INSERT INTO operator_key VALUES (?1, ?2, ?3)"},
      {&save_holding_, "INSERT OR REPLACE INTO holding VALUES (?1, ?2, ?3, ?4, ?5)"},
      {&save_seq_, "UPDATE projection SET projected_seq = ?1"},
  };
  for (const auto& [statement, sql] : statements) {
    auto prepared = database_.prepare(sql);
    if (!prepared) return tl::unexpected(prepared.error());
    *statement = std::move(*prepared);
  }
  return {};
}

// Loading

Result<void> Store::load(Book& book) {
  if (auto done = load_names(book); !done) return done;
  if (auto done = load_holdings(book); !done) return done;
  if (auto done = load_tail(book); !done) return done;
  if (auto done = load_recent_operations(book); !done) return done;
  book.commit();
  return {};
}

Result<void> Store::load_names(Book& book) {
  auto names = database_.prepare("SELECT id, text FROM name ORDER BY id");
  if (!names) return tl::unexpected(names.error());
  return each(*names, [&]() -> Result<void> {
    if (book.find_name(names->text(1)) != kNoName) return broken(database_.path(), "a name is there twice");
    if (book.add_name(names->text(1)) == names->integer(0)) return {};
    return broken(database_.path(), "names are not numbered 1, 2, 3, ...");
  });
}

Result<void> Store::load_holdings(Book& book) {
  auto holdings =
      database_.prepare("SELECT name_id, balance, granted, price, last_entry FROM holding ORDER BY name_id");
  if (!holdings) return tl::unexpected(holdings.error());
  auto loaded = each(*holdings, [&]() -> Result<void> {
    const auto id = holdings->integer(0);
    if (id < 1 || id > static_cast<std::int64_t>(book.name_count())) return broken(database_.path(), "unknown holder");
    const Holding holding{.balance = holdings->integer(1),
                          .granted = holdings->integer(2),
                          .price = holdings->integer(3),
                          .open = true,
                          .last_entry = holdings->integer(4)};
    if (!possible(holding)) return broken(database_.path(), "impossible balance");
    book.set_holding(static_cast<NameId>(id), holding);
    return {};
  });
  book.clear_unsaved();
  return loaded;
}

Result<void> Store::load_tail(Book& book) {
  const auto saved = database_.query_integer("SELECT projected_seq FROM projection");
  if (!saved) return tl::unexpected(saved.error());
  if (*saved < 0 || *saved > kMaxSeq) return broken(database_.path(), "impossible number of entries");
  book.set_last_seq(*saved);
  auto tail =
      database_.prepare("SELECT seq, kind, holder, amount, delta, state FROM journal WHERE seq > ?1 ORDER BY seq");
  if (!tail) return tl::unexpected(tail.error());
  tail->bind(1, *saved);
  return each(*tail, [&]() -> Result<void> {
    const auto holder = tail->integer(2);
    if (holder < 1 || holder > static_cast<std::int64_t>(book.name_count())) {
      return broken(database_.path(), "unknown holder");
    }
    if (tail->integer(0) > kMaxSeq) return broken(database_.path(), "impossible number of entries");
    const auto id = static_cast<NameId>(holder);
    const auto delta = tail->integer(4);
    if (delta < -kMaxGranted || delta > kMaxGranted) return broken(database_.path(), "impossible entry");
    Holding holding = book.holding(id);
    book.set_last_seq(tail->integer(0));
    if (tail->integer(0) <= holding.last_entry) return {};  // in the saved holding, which is ahead of the others
    apply({.seq = tail->integer(0),
           .kind = static_cast<RowKind>(tail->integer(1)),
           .state = static_cast<OperationState>(tail->integer(5)),
           .payload = {.amount = tail->integer(3)},
           .delta = delta},
          holding);
    if (!possible(holding)) return broken(database_.path(), "impossible balance");
    if (holding != book.holding(id)) book.set_holding(id, holding);
    return {};
  });
}

Result<void> Store::load_recent_operations(Book& book) {
  const std::size_t loaded = book.capacity() / 4;
  auto recent = database_.prepare(
      "SELECT order_id, max(kind), state, holder, item, amount FROM journal WHERE order_id IS NOT NULL"
      " GROUP BY order_id ORDER BY order_id DESC LIMIT ?1");
  if (!recent) return tl::unexpected(recent.error());
  recent->bind(1, static_cast<std::int64_t>(loaded));
  std::vector<std::pair<OrderId, Operation>> newest_first;
  auto read = each(*recent, [&]() -> Result<void> {
    const auto order = to_order_id(recent->blob(0));
    if (!order) return broken(database_.path(), "an order id is not a UUIDv7");
    const auto operation = to_operation(*recent, 2);
    if (!operation) return broken(database_.path(), "no such state of an operation");
    newest_first.emplace_back(*order, *operation);
    return {};
  });
  if (!read) return read;
  for (auto oldest = newest_first.rbegin(); oldest != newest_first.rend(); ++oldest) {
    book.remember(oldest->first, oldest->second);
  }
  if (newest_first.size() == loaded) book.set_floor(newest_first.back().first);
  return {};
}

// Writing

Result<void> Store::save_holding(NameId id, const Holding& holding) {
  if (!holding.open) return {};
  save_holding_.bind(1, id).bind(2, holding.balance).bind(3, holding.granted).bind(4, holding.price);
  return save_holding_.bind(5, holding.last_entry).run();
}

Result<void> Store::append(const JournalRow& row) {
  append_.bind(1, row.seq).bind(2, row.at.us).bind(3, static_cast<std::int64_t>(row.kind));
  if (row.order) {
    append_.bind(4, static_cast<std::int64_t>(row.state)).bind(5, *row.order);
  } else {
    append_.bind_null(4).bind_null(5);
  }
  append_.bind(6, row.payload.holder).bind(8, row.payload.amount).bind(9, row.delta).bind(10, row.previous);
  if (row.payload.item != kNoName) {
    append_.bind(7, row.payload.item);
  } else {
    append_.bind_null(7);
  }
  return append_.run();
}

Result<void> Store::add_name(NameId id, std::string_view name) { return add_name_.bind(1, id).bind(2, name).run(); }

Result<std::optional<Operation>> Store::find(const OrderId& order) {
  std::optional<Operation> found;  // the undo's row comes last and decides
  find_.bind(1, order);
  const auto read = each(find_, [&]() -> Result<void> {
    found = to_operation(find_, 1);
    if (!found) return broken(database_.path(), "no such state of an operation");
    return {};
  });
  if (!read) return tl::unexpected(read.error());
  return found;
}

Result<std::optional<std::string>> Store::find_key(std::string_view key) {
  std::optional<std::string> request;
  find_key_.bind(1, key);
  const auto read = each(find_key_, [&]() -> Result<void> {
    request = std::string(find_key_.text(0));
    return {};
  });
  if (!read) return tl::unexpected(read.error());
  return request;
}

Result<void> Store::add_key(std::string_view key, std::string_view request, std::int64_t seq) {
  return add_key_.bind(1, key).bind(2, request).bind(3, seq).run();
}

}  // namespace ldt::participant
