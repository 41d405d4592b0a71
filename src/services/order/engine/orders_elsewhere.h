// Waits for orders that other engines drive: looks at the store, often while there is somebody who waits.
// Depends on the archive; a thread of its own. Invariant: everybody is answered once, at the latest by stop().
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "services/order/storage/order_archive.h"

namespace ldt::order {

class OrdersElsewhere {
 public:
  using Callback = std::function<void(Result<OrderView>)>;

  explicit OrdersElsewhere(std::unique_ptr<OrderArchive> archive);
  ~OrdersElsewhere();

  /// Calls back when the order has ended, is HELD, or `wait` has passed; at once where it cannot be read.
  void follow(const OrderId& id, std::chrono::milliseconds wait, Callback done);
  /// Answers everybody with what is stored now. Idempotent.
  void stop();

 private:
  struct Waiting {
    OrderId id;
    SteadyTime until;
    Callback done;
  };

  void run();
  void look(std::vector<Waiting>& waiting, bool for_the_last_time);

  std::unique_ptr<OrderArchive> archive_;
  SystemClock clock_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Waiting> arrivals_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ldt::order
