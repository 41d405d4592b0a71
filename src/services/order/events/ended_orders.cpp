#include "services/order/events/ended_orders.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <utility>

#include "platform/sqlite/database.h"
#include "services/order/storage/schema.h"

namespace ldt::order {
namespace {

constexpr std::int64_t kMostRows = 20'000;  // looked at in one read
constexpr std::int64_t kMostOrders = 100;   // found in one read

std::string select() {
  return "SELECT " + std::string(kRowColumns) +
         " FROM order_end e JOIN orders o ON o.seq = e.seq WHERE e.seq BETWEEN ?1 AND ?2 AND e.finished_us >= ?3 AND "
         "(?4 IS NULL OR o.user = ?4) ORDER BY e.seq LIMIT ?5";
}

}  // namespace

class EndedOrders::Impl {
 public:
  Impl(sqlite::Database database, sqlite::Statement statement)
      : database_(std::move(database)), statement_(std::move(statement)) {}
  ~Impl() { pool_.join(); }

  void post(const EndedQuery& query, EndedCallback done) {
    boost::asio::post(pool_, [this, query, done = std::move(done)] { done(read(query)); });
  }

 private:
  Result<EndedPage> read(const EndedQuery& query) {
    const std::int64_t through = std::min(query.through, query.from + kMostRows - 1);
    statement_.reset();
    statement_.bind(1, query.from).bind(2, through).bind(3, query.since.us).bind(5, kMostOrders);
    if (query.user) {
      statement_.bind(4, query.user->text());
    } else {
      statement_.bind_null(4);
    }
    auto page = rows();
    statement_.reset();
    if (!page) return page;
    const bool full = static_cast<std::int64_t>(page->orders.size()) == kMostOrders;
    page->next = (full ? page->orders.back().row : through) + 1;
    return page;
  }

  Result<EndedPage> rows() {
    EndedPage page;
    while (true) {
      const auto found = statement_.step();
      if (!found) return tl::unexpected(found.error());
      if (!*found) return page;
      const auto row = read_row(statement_);
      if (!row) return tl::unexpected(row.error());
      page.orders.push_back({row->seq, view_of(*row)});
    }
  }

  sqlite::Database database_;
  sqlite::Statement statement_;
  boost::asio::thread_pool pool_{1};
};

EndedOrders::EndedOrders(std::unique_ptr<Impl> impl, std::int64_t newest) : impl_(std::move(impl)), newest_(newest) {}
EndedOrders::~EndedOrders() = default;

Result<std::unique_ptr<EndedOrders>> EndedOrders::open(const std::string& path) {
  auto database = sqlite::Database::open_reader(path);
  if (!database) return tl::unexpected(database.error());
  const auto newest = database->query_integer("SELECT coalesce(max(seq), 0) FROM orders");
  if (!newest) return tl::unexpected(newest.error());
  auto statement = database->prepare(select());
  if (!statement) return tl::unexpected(statement.error());
  auto impl = std::make_unique<Impl>(std::move(*database), std::move(*statement));
  return std::unique_ptr<EndedOrders>(new EndedOrders(std::move(impl), *newest));
}

void EndedOrders::read(const EndedQuery& query, EndedCallback done) { impl_->post(query, std::move(done)); }

}  // namespace ldt::order
