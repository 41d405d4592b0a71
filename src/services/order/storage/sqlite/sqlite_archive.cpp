#include "services/order/storage/sqlite/sqlite_archive.h"

#include <algorithm>
#include <utility>

#include "services/order/storage/sqlite/schema.h"

namespace ldt::order {
namespace {

constexpr std::string_view kJoin = " FROM orders o LEFT JOIN order_end e ON e.seq = o.seq ";

/// A user's orders, newest first: each names the one before it. Begins behind the order ?1 where that is the user's, or
/// with ?7 where that is known.
constexpr std::string_view kOrdersOfUser =
    "WITH RECURSIVE mine(seq) AS ("
    " SELECT coalesce((SELECT previous FROM orders WHERE id = ?1 AND user = ?2), ?7,"
    "   (SELECT max(seq) FROM orders WHERE seq > (SELECT seq FROM mark WHERE name = 'indexed_through') AND user = ?2),"
    "   (SELECT seq FROM last_order WHERE user = ?2))"
    " UNION ALL"
    " SELECT o.previous FROM mine CROSS JOIN orders o ON o.seq = mine.seq WHERE o.previous BETWEEN 1 AND o.seq - 1)";

constexpr std::int64_t kMostRows = 20'000;  // that ended() looks at
constexpr std::int64_t kMostOrders = 100;   // that it finds

std::string ended_sql() {
  return "SELECT " + std::string(kRowColumns) +
         " FROM order_end e JOIN orders o ON o.seq = e.seq WHERE e.seq BETWEEN ?1 AND ?2 AND e.finished_us >= ?3 AND "
         "(?4 IS NULL OR o.user = ?4) ORDER BY e.seq LIMIT ?5";
}

std::string select_row(std::string_view rest) {
  return "SELECT " + std::string(kRowColumns) + std::string(kJoin) + std::string(rest);
}

/// The WHERE clause of a list; its parameters are bound by `bind_list`.
std::string conditions(const ListQuery& query) {
  std::string where = "WHERE 1";
  if (query.before) where += " AND o.seq < (SELECT seq FROM orders WHERE id = ?1)";
  if (query.state) where += " AND e.state = ?3";
  if (query.outcome == saga::Outcome::kSuccess) {
    where += " AND e.state = 3";
  } else if (query.outcome) {
    where += " AND o.reason = ?4 AND e.state = 4";
  }
  if (query.failed_step) where += " AND o.failed_step = ?5";
  return where;
}

std::string list_sql(const ListQuery& query) {
  if (!query.user) return select_row(conditions(query) + " ORDER BY o.seq DESC LIMIT ?6");
  return std::string(kOrdersOfUser) + " SELECT " + std::string(kRowColumns) +
         " FROM mine CROSS JOIN orders o ON o.seq = mine.seq LEFT JOIN order_end e ON e.seq = o.seq " +
         conditions(query) + " LIMIT ?6";
}

void bind_list(sqlite::Statement& statement, const ListQuery& query) {
  if (query.before) statement.bind(1, *query.before);
  if (query.user) statement.bind(2, query.user->text());
  if (query.state) statement.bind(3, static_cast<std::int64_t>(*query.state));
  if (query.outcome && query.outcome != saga::Outcome::kSuccess) {
    statement.bind(4, static_cast<std::int64_t>(*query.outcome));
  }
  if (query.failed_step) statement.bind(5, static_cast<std::int64_t>(*query.failed_step));
  statement.bind(6, std::int64_t{query.limit} + 1);  // one more tells whether there is a next page
}

}  // namespace

Result<std::unique_ptr<SqliteArchive>> SqliteArchive::open(const std::string& path,
                                                           std::shared_ptr<const Projections> projections) {
  auto database = sqlite::Database::open_reader(path);
  if (!database) return tl::unexpected(database.error());
  std::unique_ptr<SqliteArchive> archive(new SqliteArchive(std::move(*database), std::move(projections)));
  const std::pair<sqlite::Statement*, std::string> statements[] = {
      {&archive->get_, select_row("WHERE o.id = ?1")},
      {&archive->ended_, ended_sql()},
      {&archive->sold_, "SELECT quantity FROM sold WHERE sku = ?1"},
  };
  for (const auto& [statement, sql] : statements) {
    auto prepared = archive->database_.prepare(sql);
    if (!prepared) return tl::unexpected(prepared.error());
    *statement = std::move(*prepared);
  }
  return archive;
}

Result<OrderView> SqliteArchive::get(const OrderId& id) {
  get_.reset();
  const auto found = get_.bind(1, id).step();
  if (!found) return tl::unexpected(found.error());
  if (!*found) return failure(ErrorKind::kNotFound, "there is no order " + id.to_string());
  const auto row = read_row(get_);
  get_.reset();
  if (!row) return tl::unexpected(row.error());
  return view_of(*row);
}

Result<std::vector<OrderView>> SqliteArchive::get_all(const std::vector<OrderId>& ids) {
  std::vector<OrderView> orders;
  for (const auto& id : ids) {
    auto order = get(id);
    if (!order && order.error().kind != ErrorKind::kNotFound) return tl::unexpected(order.error());
    if (order) orders.push_back(std::move(*order));
  }
  return orders;
}

Result<ListPage> SqliteArchive::list(const ListQuery& query) {
  auto statement = database_.prepare(list_sql(query));
  if (!statement) return tl::unexpected(statement.error());
  bind_list(*statement, query);
  if (query.user && projections_) statement->bind(7, projections_->last_order(query.user->text()));
  ListPage page;
  while (true) {
    const auto found = statement->step();
    if (!found) return tl::unexpected(found.error());
    if (!*found) return page;
    if (page.orders.size() == query.limit) {
      page.next_before = page.orders.back().id;
      return page;
    }
    const auto row = read_row(*statement);
    if (!row) return tl::unexpected(row.error());
    page.orders.push_back(view_of(*row));
  }
}

Result<bool> SqliteArchive::exists(const OrderId& id) {
  get_.reset();
  auto found = get_.bind(1, id).step();
  get_.reset();
  return found;
}

Result<std::vector<Quantity>> SqliteArchive::sold(const SoldQuery& query) {
  std::vector<Quantity> quantities;
  quantities.reserve(query.skus.size());
  for (const auto& sku : query.skus) {
    sold_.reset();
    const auto found = sold_.bind(1, sku).step();
    if (!found) return tl::unexpected(found.error());
    quantities.push_back({*found ? sold_.integer(0) : 0});
  }
  sold_.reset();
  return quantities;
}

Result<std::int64_t> SqliteArchive::newest() {
  return database_.query_integer("SELECT coalesce(max(seq), 0) FROM orders");
}

Result<EndedPage> SqliteArchive::ended(const EndedQuery& query) {
  const std::int64_t through = std::min(query.through, query.from + kMostRows - 1);
  ended_.reset();
  ended_.bind(1, query.from).bind(2, through).bind(3, query.since.us).bind(5, kMostOrders);
  if (query.user) {
    ended_.bind(4, query.user->text());
  } else {
    ended_.bind_null(4);
  }
  EndedPage page;
  while (true) {
    const auto found = ended_.step();
    if (!found) return tl::unexpected(found.error());
    if (!*found) break;
    const auto row = read_row(ended_);
    if (!row) return tl::unexpected(row.error());
    page.orders.push_back({row->seq, view_of(*row)});
  }
  const bool full = static_cast<std::int64_t>(page.orders.size()) == kMostOrders;
  page.next = (full ? page.orders.back().row : through) + 1;
  return page;
}

Result<void> SqliteArchive::begin_audit() {
  auto snapshot = sqlite::Transaction::begin_read(database_);
  if (!snapshot) return tl::unexpected(snapshot.error());
  auto audit = database_.prepare(
      "SELECT o.id, coalesce(e.state, o.state), o.user, o.sku, o.quantity, o.unit_price * o.quantity FROM orders o "
      "LEFT JOIN order_end e ON e.seq = o.seq ORDER BY o.id");
  if (!audit) return tl::unexpected(audit.error());
  snapshot_.emplace(std::move(*snapshot));
  audit_ = std::move(*audit);
  return {};
}

Result<std::optional<AuditedOrder>> SqliteArchive::next_audited() {
  const auto found = audit_.step();
  if (!found) return tl::unexpected(found.error());
  if (!*found) return std::optional<AuditedOrder>{};
  const auto id = OrderId::from_bytes(audit_.blob(0));
  if (!id) return failure(ErrorKind::kInternal, "an order has a broken id");
  const auto state = audit_.integer(1);
  if (state < 0 || state >= static_cast<std::int64_t>(kOrderStateCount)) {
    return failure(ErrorKind::kInternal, "order " + id->to_string() + " has a broken state");
  }
  AuditedOrder order{*id, static_cast<saga::OrderState>(state)};
  order.user = audit_.text(2);
  order.sku = audit_.text(3);
  order.quantity = audit_.integer(4);
  order.total = audit_.integer(5);
  return order;
}

void SqliteArchive::end_audit() {
  audit_ = {};
  snapshot_.reset();
}

}  // namespace ldt::order
