#include "services/order/events/ended_orders.h"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <utility>

namespace ldt::order {

class EndedOrders::Impl {
 public:
  explicit Impl(std::unique_ptr<OrderArchive> archive) : archive_(std::move(archive)) {}
  ~Impl() { pool_.join(); }

  void post(const EndedQuery& query, EndedCallback done) {
    boost::asio::post(pool_, [this, query, done = std::move(done)] { done(archive_->ended(query)); });
  }

  void post(std::vector<OrderId> ids, OrdersCallback done) {
    boost::asio::post(pool_, [this, ids = std::move(ids), done = std::move(done)] { done(archive_->get_all(ids)); });
  }

  void post(OpenCallback done) {
    constexpr std::uint32_t kMost = 500;
    boost::asio::post(pool_, [this, done = std::move(done)] { done(archive_->open_orders(kMost)); });
  }

 private:
  std::unique_ptr<OrderArchive> archive_;
  boost::asio::thread_pool pool_{1};
};

EndedOrders::EndedOrders(std::unique_ptr<Impl> impl, std::int64_t newest) : impl_(std::move(impl)), newest_(newest) {}
EndedOrders::~EndedOrders() = default;

Result<std::unique_ptr<EndedOrders>> EndedOrders::open(std::unique_ptr<OrderArchive> archive) {
  const auto newest = archive->newest();
  if (!newest) return tl::unexpected(newest.error());
  auto impl = std::make_unique<Impl>(std::move(archive));
  return std::unique_ptr<EndedOrders>(new EndedOrders(std::move(impl), *newest));
}

void EndedOrders::read(const EndedQuery& query, EndedCallback done) { impl_->post(query, std::move(done)); }

void EndedOrders::read_open(OpenCallback done) { impl_->post(std::move(done)); }

void EndedOrders::read_orders(std::vector<OrderId> ids, OrdersCallback done) {
  impl_->post(std::move(ids), std::move(done));
}

}  // namespace ldt::order
