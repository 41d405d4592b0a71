// Keeps the engine's prices those of inventory: listens to its WatchPrices stream, and again whenever that breaks.
// Depends on the generated gRPC code. Invariant: prices known once stay in use while inventory is away.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

#include "base/amounts.h"
#include "base/names.h"

namespace grpc {
class Alarm;
class Channel;
}  // namespace grpc

namespace ldt::order {

class PriceWatch {
 public:
  using OnPrice = std::function<void(const Sku&, Credits)>;
  using OnReady = std::function<void()>;
  /// `on_ready`: every price that inventory had has been told. Both are called from other threads.
  PriceWatch(const std::shared_ptr<grpc::Channel>& inventory, OnPrice on_price, OnReady on_ready);
  ~PriceWatch();

  void start();
  void stop();

 private:
  struct Stream;
  void open();
  void ended();

  std::shared_ptr<grpc::Channel> channel_;
  OnPrice on_price_;
  OnReady on_ready_;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::shared_ptr<Stream> stream_;
  std::unique_ptr<grpc::Alarm> alarm_;
  bool stopping_ = false;
  bool running_ = false;
};

}  // namespace ldt::order
