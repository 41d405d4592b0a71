// Reconnects.
#include "platform/postgres/link.h"

#include <algorithm>

namespace ldt::postgres {

Result<Connection*> Link::get() {
  if (connected()) return connection_.get();
  if (std::chrono::steady_clock::now() < next_try_) return tl::unexpected(last_error_);
  return open();
}

Result<Connection*> Link::wait(const std::function<bool(const Error&)>& go_on) {
  for (;;) {
    auto connection = connected() ? Result<Connection*>(connection_.get()) : open();
    if (connection || !go_on(connection.error())) return connection;
  }
}

Result<Connection*> Link::open() {
  connection_.reset();
  auto opened = Connection::open(options_);
  if (opened && prepare_) {
    if (auto prepared = prepare_(**opened); !prepared) opened = tl::unexpected(std::move(prepared.error()));
  }
  if (opened) {
    connection_ = std::move(*opened);
    pause_ = kShortestPause;
    next_try_ = {};
    return connection_.get();
  }
  last_error_ = std::move(opened.error());
  next_try_ = std::chrono::steady_clock::now() + pause_;
  pause_ = std::min(pause_ * 2, kLongestPause);
  return tl::unexpected(last_error_);
}

}  // namespace ldt::postgres
