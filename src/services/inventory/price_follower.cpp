// Asks the storage again and again.
#include "services/inventory/price_follower.h"

#include <chrono>
#include <utility>

namespace ldt::inventory {

namespace {
constexpr std::chrono::milliseconds kTurn{200};  // how soon it notices that it shall stop
}

PriceFollower::PriceFollower(std::unique_ptr<participant::PriceSource> source, PriceFeed& feed)
    : source_(std::move(source)), feed_(feed), thread_([this] { run(); }) {}

PriceFollower::~PriceFollower() {
  stopping_ = true;
  thread_.join();
}

void PriceFollower::run() {
  while (!stopping_) {
    if (const auto prices = source_->wait(kTurn)) {
      feed_.publish(*prices);
    } else {
      std::this_thread::sleep_for(kTurn);  // the storage is away
    }
  }
}

}  // namespace ldt::inventory
