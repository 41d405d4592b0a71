#include "services/order/engine/orders_elsewhere.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace ldt::order {
namespace {

constexpr std::chrono::milliseconds kLookEvery{25};

bool rests(const OrderView& order) { return saga::is_final(order.state) || order.state == saga::OrderState::kHeld; }

}  // namespace

OrdersElsewhere::OrdersElsewhere(std::unique_ptr<OrderArchive> archive)
    : archive_(std::move(archive)), thread_([this] { run(); }) {}

OrdersElsewhere::~OrdersElsewhere() { stop(); }

void OrdersElsewhere::follow(const OrderId& id, std::chrono::milliseconds wait, Callback done) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_) {
      arrivals_.push_back({id, clock_.steady() + wait, std::move(done)});
      arrived_.notify_one();
      return;
    }
  }
  done(failure(ErrorKind::kUnavailable, "the server is going down"));
}

void OrdersElsewhere::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    arrived_.notify_one();
  }
  thread_.join();
}

void OrdersElsewhere::run() {
  std::vector<Waiting> waiting;
  bool stopping = false;
  while (!stopping) {
    {
      std::unique_lock lock(mutex_);
      const auto ready = [this] { return !arrivals_.empty() || stopping_; };
      if (waiting.empty()) {
        arrived_.wait(lock, ready);
      } else {
        arrived_.wait_for(lock, kLookEvery, ready);
      }
      std::move(arrivals_.begin(), arrivals_.end(), std::back_inserter(waiting));
      arrivals_.clear();
      stopping = stopping_;
    }
    if (!waiting.empty()) look(waiting, stopping);
  }
}

void OrdersElsewhere::look(std::vector<Waiting>& waiting, bool for_the_last_time) {
  std::vector<OrderId> ids;
  ids.reserve(waiting.size());
  for (const auto& each : waiting) ids.push_back(each.id);
  const auto orders = archive_->get_all(ids);
  const SteadyTime now = clock_.steady();
  std::erase_if(waiting, [&](const Waiting& each) {
    if (!orders) {
      each.done(tl::unexpected(orders.error()));
      return true;
    }
    const auto found =
        std::find_if(orders->begin(), orders->end(), [&](const OrderView& order) { return order.id == each.id; });
    if (found == orders->end()) {
      each.done(failure(ErrorKind::kNotFound, "there is no order " + each.id.to_string()));
      return true;
    }
    if (!rests(*found) && now < each.until && !for_the_last_time) return false;
    each.done(OrderView(*found));
    return true;
  });
}

}  // namespace ldt::order
