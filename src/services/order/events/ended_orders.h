// Reads, beside the engine, which orders have ended since a moment: what readers of events missed.
// Depends on platform/sqlite; a thread of its own. Invariant: one read looks at a bounded number of rows, so that none
// keeps the others waiting.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "services/order/orders.h"

namespace ldt::order {

struct EndedQuery {
  std::int64_t from = 0;  // rows, both included
  std::int64_t through = 0;
  WallTime since;  // the order did not end before
  std::optional<UserName> user;
};

struct EndedPage {
  struct Order {
    std::int64_t row = 0;
    OrderView view;
  };
  std::vector<Order> orders;  // ascending by row
  std::int64_t next = 0;      // go on from here; beyond `through`: that is all
};

using EndedCallback = std::function<void(Result<EndedPage>)>;
/// Calls back once, from another thread.
using ReadEnded = std::function<void(const EndedQuery&, EndedCallback)>;

class EndedOrders {
 public:
  /// `path`: the engine's database, which must exist.
  [[nodiscard]] static Result<std::unique_ptr<EndedOrders>> open(const std::string& path);
  ~EndedOrders();
  EndedOrders(const EndedOrders&) = delete;
  EndedOrders& operator=(const EndedOrders&) = delete;

  void read(const EndedQuery& query, EndedCallback done);
  /// Of all orders; 0 where there are none.
  [[nodiscard]] std::int64_t newest() const { return newest_; }

 private:
  class Impl;
  EndedOrders(std::unique_ptr<Impl> impl, std::int64_t newest);
  std::unique_ptr<Impl> impl_;
  std::int64_t newest_;
};

}  // namespace ldt::order
