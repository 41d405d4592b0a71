// Carries answers from any thread to the server's, many at one wake-up.
// Depends on Asio: for the server's own files only. Invariant: after close() nothing is kept or run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "platform/http/server.h"

namespace ldt::http {

/// What follows a part of a body that goes on.
enum class BodyEnd : std::uint8_t { kNot, kComplete, kCutOff };

class Mailbox : public std::enable_shared_from_this<Mailbox> {
 public:
  struct Letter {
    std::size_t slot = 0;
    std::uint64_t ticket = 0;
    std::unique_ptr<Reply> reply;  // null: it is a part of a body that goes on
    std::string part;
    BodyEnd end = BodyEnd::kNot;
  };
  using Deliver = std::function<void(Letter)>;  // called on the server's thread

  Mailbox(boost::asio::io_context& io, Deliver deliver) : io_(&io), deliver_(std::move(deliver)) {}

  /// From any thread; at once if it is the server's own.
  void send(Letter letter);
  /// On the server's thread, or after it has ended.
  void close();

 private:
  void deliver_all();

  std::mutex mutex_;
  boost::asio::io_context* io_;  // null once closed
  Deliver deliver_;
  std::vector<Letter> letters_;
  std::vector<Letter> delivering_;  // of the server's thread
  bool woken_ = false;
};

}  // namespace ldt::http
