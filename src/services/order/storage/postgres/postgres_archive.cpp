#include "services/order/storage/postgres/postgres_archive.h"

#include <algorithm>
#include <utility>

#include "services/order/storage/postgres/schema.h"

namespace ldt::order {

using postgres::Parameters;
using postgres::Rows;
using postgres_schema::first_of_row;
using postgres_schema::kColumns;
using postgres_schema::row_of;

namespace {

constexpr std::int64_t kMostRows = 20'000;  // that ended() looks at
constexpr int kMostOrders = 100;            // that it finds
constexpr int kStuckColumns = 19;           // behind kColumns
constexpr std::chrono::minutes kAuditPatience{5};

Result<std::vector<OrderView>> views_of(const Rows& rows) {
  std::vector<OrderView> views;
  views.reserve(static_cast<std::size_t>(rows.size()));
  for (int i = 0; i < rows.size(); ++i) {
    const auto row = postgres_schema::read_row(rows, i);
    if (!row) return tl::unexpected(row.error());
    views.push_back(view_of(*row));
  }
  return views;
}

/// A list's text depends on what is asked for only, so that it is prepared once for each kind of question.
class ListStatement {
 public:
  explicit ListStatement(const ListQuery& query) : sql_("SELECT " + kColumns + " FROM orders o WHERE true") {
    if (query.before) add(" AND o.id < ", parameters_.uuid(*query.before));
    if (query.user) add(" AND o.user_name = ", parameters_.text(query.user->text()));
    if (query.failed_step) add(" AND o.failed_step = ", parameters_.integer(static_cast<int>(*query.failed_step)));
    if (query.state) add_state(*query.state);
    if (query.outcome) add_outcome(*query.outcome);
    add(" ORDER BY o.id DESC LIMIT ", parameters_.integer(std::int64_t{query.limit} + 1));  // is there a next page?
  }
  [[nodiscard]] const std::string& sql() const { return sql_; }
  [[nodiscard]] const Parameters& parameters() const { return parameters_; }

 private:
  void add(std::string_view condition, const Parameters& parameters) {
    sql_.append(condition).append("$").append(std::to_string(parameters.size()));
  }
  void add_state(saga::OrderState state) {
    add(" AND o.state = ", parameters_.integer(static_cast<int>(state)));
    const bool unsettled = state == saga::OrderState::kHeld || state == saga::OrderState::kReverting;
    if (unsettled) sql_ += " AND o.unsettled";
    if (state == saga::OrderState::kRunning) {  // not older than what any replica says of its own
      sql_ +=
          " AND (o.unsettled OR o.id >= (SELECT oldest_running FROM replica WHERE NOT settled ORDER BY oldest_running "
          "LIMIT 1))";
    }
  }
  void add_outcome(saga::Outcome outcome) {
    if (outcome == saga::Outcome::kSuccess) {
      sql_ += " AND o.state = 3";
    } else {
      add(" AND o.state = 4 AND o.reason <> 0 AND o.reason = ", parameters_.integer(static_cast<int>(outcome)));
    }
  }

  std::string sql_;
  Parameters parameters_;
};

}  // namespace

Result<Rows> PostgresArchive::run(std::string_view sql, const Parameters& parameters) {
  for (const bool last : {false, true}) {
    const bool was_connected = link_.connected();
    const auto connection = link_.get();
    if (!connection) return tl::unexpected(connection.error().plain());
    auto rows = (*connection)->run(sql, parameters);
    if (rows) return std::move(*rows);
    (*connection)->rollback();
    // A connection that idled through a failover is found to be dead only now.
    const bool stale = was_connected && rows.error().kind == postgres::ErrorClass::kConnection;
    if (last || !stale) return tl::unexpected(rows.error().plain());
  }
  return failure(ErrorKind::kInternal, "unreachable");
}

Result<OrderView> PostgresArchive::get(const OrderId& id) {
  static const std::string kGet = "SELECT " + kColumns + " FROM orders o WHERE o.id = $1";
  const auto rows = run(kGet, Parameters().uuid(id));
  if (!rows) return tl::unexpected(rows.error());
  if (rows->empty()) return failure(ErrorKind::kNotFound, "there is no order " + id.to_string());
  const auto row = postgres_schema::read_row(*rows, 0);
  if (!row) return tl::unexpected(row.error());
  return view_of(*row);
}

Result<std::vector<OrderView>> PostgresArchive::get_all(const std::vector<OrderId>& ids) {
  static const std::string kGetAll = "SELECT " + kColumns + " FROM orders o WHERE o.id = ANY($1)";
  postgres::Array wanted = postgres::uuids();
  for (const auto& id : ids) wanted.add(id);
  const auto rows = run(kGetAll, Parameters().array(wanted));
  if (!rows) return tl::unexpected(rows.error());
  return views_of(*rows);
}

Result<ListPage> PostgresArchive::list(const ListQuery& query) {
  const ListStatement statement(query);
  const auto rows = run(*texts_.insert(statement.sql()).first, statement.parameters());
  if (!rows) return tl::unexpected(rows.error());
  auto orders = views_of(*rows);
  if (!orders) return tl::unexpected(orders.error());
  ListPage page{std::move(*orders), {}};
  if (page.orders.size() > query.limit) {
    page.orders.pop_back();
    page.next_before = page.orders.back().id;
  }
  return page;
}

Result<std::vector<Saga>> PostgresArchive::sagas(bool stuck_only, std::uint32_t limit) {
  static const std::string kSagas =
      "SELECT " + kColumns +
      ", s.step, s.attempts, s.error FROM orders o LEFT JOIN stuck s ON s.id = o.id WHERE o.state < 3 AND "
      "(o.unsettled OR o.id >= (SELECT oldest_running FROM replica WHERE NOT settled ORDER BY oldest_running LIMIT 1)) "
      "AND (NOT $1 OR s.id IS NOT NULL) ORDER BY o.id LIMIT $2";
  const auto rows = run(kSagas, Parameters().boolean(stuck_only).integer(limit));
  if (!rows) return tl::unexpected(rows.error());
  std::vector<Saga> sagas;
  for (int i = 0; i < rows->size(); ++i) {
    const auto row = postgres_schema::read_row(*rows, i);
    if (!row) return tl::unexpected(row.error());
    Saga saga{row->id, row->state};
    saga.created_at = row->created_at;
    if (!row->attempts.empty()) saga.step = row->attempts.back().step;
    saga.stuck = !rows->is_null(i, kStuckColumns);
    if (saga.stuck) {
      saga.step = static_cast<saga::Step>(rows->integer(i, kStuckColumns));
      saga.attempts = static_cast<std::uint32_t>(rows->integer(i, kStuckColumns + 1));
      saga.last_error = rows->text(i, kStuckColumns + 2);
    }
    sagas.push_back(std::move(saga));
  }
  return sagas;
}

Result<std::vector<EndedPage::Order>> PostgresArchive::open_orders(std::uint32_t limit) {
  static const std::string kOpen =
      "SELECT " + kColumns +
      ", s.id IS NOT NULL FROM orders o LEFT JOIN stuck s ON s.id = o.id WHERE o.state < 3 AND "
      "(o.unsettled OR o.id >= (SELECT oldest_running FROM replica WHERE NOT settled ORDER BY oldest_running LIMIT 1)) "
      "ORDER BY o.id DESC LIMIT $1";
  const auto rows = run(kOpen, Parameters().integer(limit));
  if (!rows) return tl::unexpected(rows.error());
  std::vector<EndedPage::Order> orders;
  orders.reserve(static_cast<std::size_t>(rows->size()));
  for (int i = rows->size() - 1; i >= 0; --i) {
    const auto row = postgres_schema::read_row(*rows, i);
    if (!row) return tl::unexpected(row.error());
    orders.push_back({row->seq, view_of(*row)});
    orders.back().view.stuck = rows->boolean(i, kStuckColumns);
  }
  return orders;
}

Result<bool> PostgresArchive::exists(const OrderId& id) {
  const auto rows = run("SELECT 1 FROM orders WHERE id = $1", Parameters().uuid(id));
  if (!rows) return tl::unexpected(rows.error());
  return !rows->empty();
}

Result<std::vector<Quantity>> PostgresArchive::sold(const SoldQuery& query) {
  postgres::Array skus = postgres::texts();
  for (const auto& sku : query.skus) skus.add(sku);
  const auto rows =
      run("SELECT coalesce((SELECT sum(quantity)::bigint FROM sold WHERE sold.sku = wanted.sku), 0) "
          "FROM unnest($1) WITH ORDINALITY AS wanted(sku, place) ORDER BY place",
          Parameters().array(skus));
  if (!rows) return tl::unexpected(rows.error());
  std::vector<Quantity> quantities;
  quantities.reserve(static_cast<std::size_t>(rows->size()));
  for (int i = 0; i < rows->size(); ++i) quantities.push_back({rows->integer(i, 0)});
  return quantities;
}

Result<std::int64_t> PostgresArchive::newest() {
  const auto rows = run("SELECT id FROM orders ORDER BY id DESC LIMIT 1", {});
  if (!rows) return tl::unexpected(rows.error());
  const auto id = rows->empty() ? std::nullopt : rows->order_id(0, 0);
  return id ? row_of(*id) : 0;
}

Result<EndedPage> PostgresArchive::ended(const EndedQuery& query) {
  const OrderId from = first_of_row(query.from);
  OrderId behind = first_of_row(query.through + 1);
  std::int64_t next = query.through + 1;
  const auto last = run("SELECT id FROM orders WHERE id >= $1 AND id < $2 ORDER BY id OFFSET $3 LIMIT 1",
                        Parameters().uuid(from).uuid(behind).integer(kMostRows));
  if (!last) return tl::unexpected(last.error());
  if (!last->empty() && last->order_id(0, 0)) {
    next = std::max(row_of(*last->order_id(0, 0)), query.from + 1);
    behind = first_of_row(next);
  }
  static const std::string kEnded =
      "SELECT " + kColumns +
      " FROM orders o WHERE o.id >= $1 AND o.id < $2 AND o.state >= 3 AND o.finished_us >= $3 AND "
      "($4::text IS NULL OR o.user_name = $4) ORDER BY o.id LIMIT $5";
  Parameters parameters;
  parameters.uuid(from).uuid(behind).integer(query.since.us);
  if (query.user) {
    parameters.text(query.user->text());
  } else {
    parameters.null(postgres::Type::kText);
  }
  parameters.integer(kMostOrders + 1);
  const auto rows = run(kEnded, parameters);
  if (!rows) return tl::unexpected(rows.error());
  EndedPage page;
  for (int i = 0; i < rows->size(); ++i) {
    const auto row = postgres_schema::read_row(*rows, i);
    if (!row) return tl::unexpected(row.error());
    page.orders.push_back({row->seq, view_of(*row)});
  }
  page.next = next;
  if (rows->size() <= kMostOrders) return page;
  // Cut before the last one's row: replicas may share a row, and it is told as a whole.
  page.next = page.orders.back().row;
  const auto cut = std::find_if(page.orders.begin(), page.orders.end(),
                                [&](const EndedPage::Order& order) { return order.row == page.next; });
  if (cut == page.orders.begin()) {
    ++page.next;
  } else {
    page.orders.erase(cut, page.orders.end());
  }
  return page;
}

// --- the audit ---

Result<void> PostgresArchive::begin_audit() {
  const auto connection = link_.get();
  if (!connection) return tl::unexpected(connection.error().plain());
  (*connection)->set_patience(kAuditPatience);
  auto begun = (*connection)
                   ->script(
                       "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout "
                       "= '30min'; DECLARE audit NO SCROLL CURSOR FOR SELECT id, state, user_name, sku, quantity, "
                       "unit_price * quantity FROM orders ORDER BY id");
  audited_.clear();
  audited_all_ = false;
  if (!begun) return tl::unexpected(begun.error().plain());
  return fetch_audited();
}

Result<void> PostgresArchive::fetch_audited() {
  const auto connection = link_.get();
  if (!connection) return tl::unexpected(connection.error().plain());
  const auto rows = (*connection)->run("FETCH 1000 FROM audit");
  if (!rows) return tl::unexpected(rows.error().plain());
  audited_all_ = rows->empty();
  for (int i = 0; i < rows->size(); ++i) {
    const auto id = rows->order_id(i, 0);
    const auto state = rows->integer(i, 1);
    if (!id || state < 0 || state >= static_cast<std::int64_t>(kOrderStateCount)) {
      return failure(ErrorKind::kInternal, "an order has a broken id or state");
    }
    AuditedOrder order{*id, static_cast<saga::OrderState>(state)};
    order.user = rows->text(i, 2);
    order.sku = rows->text(i, 3);
    order.quantity = rows->integer(i, 4);
    order.total = rows->integer(i, 5);
    audited_.push_back(std::move(order));
  }
  return {};
}

Result<std::optional<AuditedOrder>> PostgresArchive::next_audited() {
  if (audited_.empty() && !audited_all_) {
    if (auto fetched = fetch_audited(); !fetched) return tl::unexpected(fetched.error());
  }
  if (audited_.empty()) return std::optional<AuditedOrder>{};
  auto order = std::move(audited_.front());
  audited_.pop_front();
  return order;
}

void PostgresArchive::end_audit() {
  audited_.clear();
  link_.drop();
}

}  // namespace ldt::order
