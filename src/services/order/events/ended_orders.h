// Reads, beside the engine, which orders have ended since a moment: what readers of events missed.
// Depends on the archive; a thread of its own. Invariant: one read looks at a bounded number of rows, so that none
// keeps the others waiting.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "services/order/storage/order_archive.h"

namespace ldt::order {

using EndedCallback = std::function<void(Result<EndedPage>)>;
/// Calls back once, from another thread.
using ReadEnded = std::function<void(const EndedQuery&, EndedCallback)>;

using OrdersCallback = std::function<void(Result<std::vector<OrderView>>)>;
/// The same; orders that are not there are left out.
using ReadOrders = std::function<void(std::vector<OrderId>, OrdersCallback)>;

using OpenCallback = std::function<void(Result<std::vector<EndedPage::Order>>)>;
/// The same, of those that have not ended.
using ReadOpen = std::function<void(OpenCallback)>;

class EndedOrders {
 public:
  [[nodiscard]] static Result<std::unique_ptr<EndedOrders>> open(std::unique_ptr<OrderArchive> archive);
  ~EndedOrders();
  EndedOrders(const EndedOrders&) = delete;
  EndedOrders& operator=(const EndedOrders&) = delete;

  void read(const EndedQuery& query, EndedCallback done);
  void read_orders(std::vector<OrderId> ids, OrdersCallback done);
  void read_open(OpenCallback done);
  /// Of all orders; 0 where there are none.
  [[nodiscard]] std::int64_t newest() const { return newest_; }

 private:
  class Impl;
  EndedOrders(std::unique_ptr<Impl> impl, std::int64_t newest);
  std::unique_ptr<Impl> impl_;
  std::int64_t newest_;
};

}  // namespace ldt::order
