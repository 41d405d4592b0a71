// Tells watchers the prices: all of them at first, then each change.
// Depends on grpc++. Thread-safe; published to by one thread.
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

namespace ldt::inventory {

class PriceFeed {
 public:
  PriceFeed();
  ~PriceFeed();
  void publish(const std::string& sku, std::int64_t unit_price);
  /// Serves one call of WatchPrices.
  [[nodiscard]] grpc::ServerWriteReactor<v1::Price>* watch();

 private:
  class Watcher;
  void remove(const Watcher* watcher);

  std::mutex mutex_;
  std::map<std::string, std::int64_t> prices_;
  std::vector<std::shared_ptr<Watcher>> watchers_;
};

}  // namespace ldt::inventory
