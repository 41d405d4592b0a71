// Clients that place orders without pause while a test kills what it likes. Each order has an idempotency key and is
// asked for again until it is answered, as a careful client does. Invariant: a key that was answered with 2xx is in
// acknowledged(), with the id it was answered with.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "support/marketplace.h"
#include "support/order_request.h"

namespace ldt::testing {

class Load {
 public:
  /// One client thread for each user.
  Load(const Marketplace& market, const std::vector<std::string>& users, std::string sku);
  ~Load() { stop(); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  /// Ends once every order that was begun has been answered.
  void stop();
  [[nodiscard]] int acknowledged_count() const { return count_; }
  /// Id by idempotency key. After stop() only.
  [[nodiscard]] const std::map<std::string, std::string>& acknowledged() const { return acknowledged_; }
  /// Answers that no client should get, in words. After stop() only.
  [[nodiscard]] const std::vector<std::string>& surprises() const { return surprises_; }

 private:
  void place_orders(const std::string& user);
  void place_one(Client& client, const OrderRequest& request, const std::string& key);

  const Marketplace& market_;
  const std::string sku_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> count_{0};
  std::mutex mutex_;
  std::map<std::string, std::string> acknowledged_;
  std::vector<std::string> surprises_;
  std::vector<std::jthread> clients_;
};

}  // namespace ldt::testing
