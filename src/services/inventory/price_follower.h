// Hands on the prices that other replicas of inventory have set.
// Depends on price_feed.h and a thread.
#pragma once

#include <atomic>
#include <memory>
#include <thread>

#include "participant/storage/storage.h"
#include "services/inventory/price_feed.h"

namespace ldt::inventory {

class PriceFollower {
 public:
  /// Starts the thread. The feed outlives it.
  PriceFollower(std::unique_ptr<participant::PriceSource> source, PriceFeed& feed);
  ~PriceFollower();

 private:
  void run();

  const std::unique_ptr<participant::PriceSource> source_;
  PriceFeed& feed_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace ldt::inventory
