#include "services/order/storage/postgres/reconnecting_link.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace ldt::order {
namespace {

constexpr std::chrono::milliseconds kShortestPause{50};
constexpr std::chrono::milliseconds kLongestPause{500};

}  // namespace

ReconnectingLink::ReconnectingLink(postgres::ConnectionOptions options)
    : options_(std::move(options)), thread_([this] { run(); }) {}

ReconnectingLink::~ReconnectingLink() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wanted_.notify_one();
  }
  thread_.join();
}

postgres::Result<postgres::Connection*> ReconnectingLink::get() {
  if (connection_ != nullptr && connection_->alive()) return connection_.get();
  connection_.reset();
  const std::lock_guard lock(mutex_);
  if (fresh_ != nullptr) {
    connection_ = std::move(fresh_);
    return connection_.get();
  }
  wants_ = true;
  wanted_.notify_one();
  return tl::unexpected(last_error_);
}

void ReconnectingLink::run() {
  auto pause = kShortestPause;
  std::unique_lock lock(mutex_);
  while (true) {
    wanted_.wait(lock, [this] { return stopping_ || (wants_ && fresh_ == nullptr); });
    if (stopping_) return;
    lock.unlock();
    auto opened = postgres::Connection::open(options_);
    lock.lock();
    if (opened) {
      fresh_ = std::move(*opened);
      wants_ = false;
      pause = kShortestPause;
      continue;
    }
    last_error_ = std::move(opened.error());
    wanted_.wait_for(lock, pause, [this] { return stopping_; });
    pause = std::min(pause * 2, kLongestPause);
  }
}

}  // namespace ldt::order
