// One client's connection: reads requests one after the other, has each handled, writes its answer.
// Depends on Asio coroutines; runs on the server's thread only.
// Invariant: at most one request is with the handler, under a ticket that no other request ever has.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "platform/http/mailbox.h"
#include "platform/http/request_parser.h"
#include "platform/http/server.h"

namespace ldt::http {

using Executor = boost::asio::io_context::executor_type;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;
template <class T>
using Awaitable = boost::asio::awaitable<T, Executor>;
inline constexpr boost::asio::use_awaitable_t<Executor> kAwait{};

/// What all connections of a server share.
struct ServerContext {
  ServerOptions options;
  Server::Handler handler;
  Server::Observer observer;
  std::shared_ptr<Mailbox> mailbox;
  std::chrono::steady_clock::time_point now;  // as of the last tick: deadlines need no better
  std::string date_line;                      // "Date: ...\r\n"
  std::uint64_t next_ticket = 1;
  bool draining = false;

  struct Resting {
    std::size_t slot;
    std::uint64_t ticket;
  };
  std::deque<Resting> resting;             // connections whose clients were refused, in that order
  std::function<void()> on_first_resting;  // called when there is one again
};

class Connection {
 public:
  /// A connection that is `refused` is told that there are too many, and closed.
  Connection(ServerContext& context, Socket socket, std::size_t slot, bool refused);

  /// Ends when the connection does.
  Awaitable<void> run();
  /// The answer to the request with this ticket; ignored for any other.
  void deliver(std::uint64_t ticket, std::unique_ptr<Reply> reply);
  /// More of the body of that answer, if it goes on.
  void deliver_part(std::uint64_t ticket, std::string_view part, BodyEnd end);
  /// Called now and then: closes the connection if what it waits for has taken too long.
  void tick();
  /// The client's next request may be read, if this was the last that it was refused.
  void end_rest(std::uint64_t ticket);
  /// Closes it if no request is under way; otherwise it closes after the answer. A body that goes on ends.
  void drain();

 private:
  enum class Phase { kIdle, kReading, kHandling, kWriting, kStreaming, kResting, kLingering };
  using Waiter = boost::asio::async_result<boost::asio::use_awaitable_t<Executor>, void()>::handler_type;

  void enter(Phase phase);
  Awaitable<bool> receive();
  bool parse();
  bool make_room();
  void handle();
  void observe(int status);
  Awaitable<void> woken();
  void wake();
  Awaitable<void> send(Response response);
  Awaitable<bool> write_output();
  void write_head(const Response& response);

  Awaitable<void> stream(Response response);
  Awaitable<bool> write_parts(BodyWatch& watch, bool chunked);
  [[nodiscard]] bool parts_are_over() const { return body_.last || body_.broken || context_.draining; }
  void take_parts(bool chunked);
  void watch_client();
  void client_spoke(boost::system::error_code ec);
  void break_off();

  Awaitable<void> send_continue();
  Awaitable<void> rest();
  Awaitable<void> linger();
  void refuse(const ProblemType& type, std::string detail);
  void cancel();

  ServerContext& context_;
  Socket socket_;
  const std::size_t slot_;
  const bool refused_;
  Phase phase_ = Phase::kIdle;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  bool expired_ = false;
  bool keep_alive_ = true;

  std::vector<char> input_;  // bytes received, [begin_, end_) not yet parsed
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::optional<RequestParser> parser_;
  RequestParts parts_;
  Request request_;
  std::string output_;

  std::uint64_t ticket_ = 0;  // 0: no request is with the handler
  std::chrono::steady_clock::time_point started_;
  std::unique_ptr<Reply> reply_;
  std::optional<Waiter> waiter_;

  struct Body {                       // of an answer that goes on
    std::shared_ptr<char> under_way;  // null: there is none; what outlives it asks a weak_ptr
    std::string parts;                // not yet taken for writing
    bool last = false;
    bool broken = false;  // the client left or does not read: nothing more is written
  };
  Body body_;
};

}  // namespace ldt::http
