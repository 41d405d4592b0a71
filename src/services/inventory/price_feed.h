// Tells watchers the prices: all of them at first, then each change.
// Depends on grpc++. Thread-safe.
// Invariant: publishing never waits for a watcher; a slow one gets the newest price of each SKU, not every one between.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ldt/inventory/v1/inventory.pb.h"
#include "participant/storage/storage.h"

namespace ldt::inventory {

class PriceFeed {
 public:
  PriceFeed();
  ~PriceFeed();
  /// What is older than what watchers know already is left out.
  void publish(const std::vector<participant::PriceNow>& prices);
  /// Serves one call of WatchPrices.
  [[nodiscard]] grpc::ServerWriteReactor<v1::Price>* watch();

 private:
  class Watcher;
  struct Known {
    std::int64_t unit_price = 0;
    std::int64_t seq = 0;
  };
  void publish(const participant::PriceNow& price);
  void remove(const Watcher* watcher);

  std::mutex publishing_;  // taken before mutex_
  std::mutex mutex_;
  std::map<std::string, Known> prices_;
  std::vector<std::shared_ptr<Watcher>> watchers_;
};

}  // namespace ldt::inventory
