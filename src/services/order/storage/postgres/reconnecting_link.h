// A connection that is opened again on a thread of its own, so that nobody waits while the server is away.
// Depends on platform/postgres. One thread at a time may ask.
// Invariant: get() never blocks for longer than it takes to hand over a connection.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "platform/postgres/connection.h"

namespace ldt::order {

class ReconnectingLink {
 public:
  explicit ReconnectingLink(postgres::ConnectionOptions options);
  ~ReconnectingLink();

  /// The connection; while there is none, why.
  [[nodiscard]] postgres::Result<postgres::Connection*> get();
  [[nodiscard]] const postgres::ConnectionOptions& options() const { return options_; }

 private:
  void run();

  const postgres::ConnectionOptions options_;
  std::unique_ptr<postgres::Connection> connection_;

  std::mutex mutex_;
  std::condition_variable wanted_;
  std::unique_ptr<postgres::Connection> fresh_;
  postgres::Error last_error_{postgres::ErrorClass::kConnection, {}, "not connected yet"};
  bool wants_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ldt::order
