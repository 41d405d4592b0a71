// An HTTP/1.1 server: one thread, keep-alive connections, strict parsing, bounded in every direction.
// Hides Beast and Asio: a handler sees Request, Response and Responder only.
// Invariant: every request that a handler gets is complete and unambiguous, and is answered at most once.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/result.h"
#include "platform/http/message.h"

namespace ldt::http {

class Mailbox;

/// An answer that is still to be made; made on the server's thread.
class Reply {
 public:
  virtual ~Reply() = default;
  virtual Response make() = 0;
};

/// Answers one request, once, from any thread. Copies answer the same request; all but the first answer are ignored,
/// as are answers to a connection that has gone or after the server stopped.
class Responder {
 public:
  Responder(std::shared_ptr<Mailbox> mailbox, std::size_t slot, std::uint64_t ticket)
      : mailbox_(std::move(mailbox)), slot_(slot), ticket_(ticket) {}

  void answer(Response response) const {
    answer_with([response = std::move(response)]() mutable { return std::move(response); });
  }
  /// Calls `make` on the server's thread, so that whoever produced the result does not pay for writing it down.
  template <class Make>
  void answer_with(Make make) const {
    send(std::make_unique<Made<Make>>(std::move(make)));
  }

  /// More of the body of an answer that goes on, once that was given; in the order of the calls. A client that leaves
  /// more than ServerOptions::max_waiting_bytes unread is cut off.
  void write(std::string part) const;
  /// The body is complete.
  void end() const;
  /// Closes the connection in the middle of the body, whatever the client reads.
  void cut_off() const;

 private:
  template <class Make>
  class Made final : public Reply {
   public:
    explicit Made(Make make) : make_(std::move(make)) {}
    Response make() override { return make_(); }

   private:
    Make make_;
  };

  void send(std::unique_ptr<Reply> reply) const;

  std::shared_ptr<Mailbox> mailbox_;
  std::size_t slot_;
  std::uint64_t ticket_;
};

struct ServerOptions {
  std::size_t max_header_bytes = 16 * 1024;
  std::size_t max_body_bytes = 64 * 1024;
  std::size_t max_target_bytes = 8 * 1024;
  std::size_t max_connections = 10'000;
  std::size_t max_waiting_bytes =
      256 * 1024;                            // of a body that goes on, for one client, beside the system's own buffers
  std::chrono::seconds request_timeout{10};  // for a header, and for the body that follows it
  std::chrono::seconds idle_timeout{75};
  std::chrono::seconds write_timeout{30};
  std::chrono::seconds drain_timeout{5};  // for requests under way when the server stops
};

class Server {
 public:
  /// Runs on the server's thread and must not block it.
  using Handler = std::function<void(Request&, Responder)>;
  /// Hears of every request that was handled, on the server's thread; of the request it may read method and route.
  using Observer = std::function<void(const Request&, int status, std::chrono::nanoseconds)>;

  explicit Server(ServerOptions options = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Listens on HOST:PORT, "[::1]:8080" or "localhost:0", and serves on a thread of its own.
  /// @return the port, of use when 0 was asked for; kInvalid: not an address; kUnavailable: it cannot be listened on
  [[nodiscard]] Result<std::uint16_t> start(const std::string& address, Handler handler, Observer observer = {});

  /// Takes no more connections, lets the requests under way finish within the drain timeout, closes all. Idempotent.
  void stop();

  [[nodiscard]] std::size_t open_connections() const;

 private:
  class Core;
  ServerOptions options_;
  std::unique_ptr<Core> core_;
};

}  // namespace ldt::http
