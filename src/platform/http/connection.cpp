#include "platform/http/connection.h"

#include <cstring>
#include <exception>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>

#include "platform/http/json_writer.h"

namespace ldt::http {
namespace {

using boost::system::error_code;

constexpr std::size_t kInputBytes = 4 * 1024;
constexpr std::chrono::seconds kLingerTimeout{2};
constexpr std::size_t kKeptOutputBytes = 64 * 1024;

/// An answer that was there before anybody had to wait for it.
class Ready final : public Reply {
 public:
  explicit Ready(Response response) : response_(std::move(response)) {}
  Response make() override { return std::move(response_); }

 private:
  Response response_;
};

/// The response, or 500 where making it threw: a handler's bug ends one request, not the server.
Response make_safely(Reply& reply) {
  try {
    return reply.make();
  } catch (const std::exception& exception) {
    return problem_response(problem_type::kInternal, exception.what());
  }
}

}  // namespace

Connection::Connection(ServerContext& context, Socket socket, std::size_t slot, bool refused)
    : context_(context), socket_(std::move(socket)), slot_(slot), refused_(refused), input_(kInputBytes) {
  error_code ignored;
  socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
}

void Connection::enter(Phase phase) {
  phase_ = phase;
  switch (phase) {
    case Phase::kIdle:
      deadline_ = context_.now + context_.options.idle_timeout;
      break;
    case Phase::kReading:
      deadline_ = context_.now + context_.options.request_timeout;
      break;
    case Phase::kHandling:
    case Phase::kStreaming:
    case Phase::kResting:
      deadline_.reset();
      break;
    case Phase::kWriting:
      deadline_ = context_.now + context_.options.write_timeout;
      break;
    case Phase::kLingering:
      deadline_ = context_.now + kLingerTimeout;
      break;
  }
}

Awaitable<void> Connection::run() {
  if (refused_) {
    keep_alive_ = false;
    co_await send(
        problem_response(problem_type::kTooManyConnections, "try again later").add_header("Retry-After", "1"));
  }
  while (keep_alive_ && !context_.draining) {
    if (!co_await receive()) break;
    if (!reply_) handle();
    if (!reply_) co_await woken();
    const auto reply = std::move(reply_);
    Response response = make_safely(*reply);
    observe(response.status);
    const bool rests = response.rests;
    if (response.goes_on && parts_.method != Method::kHead) {
      co_await stream(std::move(response));
    } else {
      co_await send(std::move(response));
    }
    if (rests && keep_alive_ && !context_.draining) co_await rest();
    ticket_ = 0;
    body_ = {};
  }
  if (phase_ != Phase::kIdle) co_await linger();
}

/// Reads until a request is complete or refused (reply_ is set then); false where the connection is to be closed.
Awaitable<bool> Connection::receive() {
  parts_.clear();
  parser_.emplace(parts_, context_.options);
  enter(begin_ == end_ ? Phase::kIdle : Phase::kReading);
  while (!parse()) {
    if (parts_.expects_continue && parser_->is_header_done()) co_await send_continue();
    if (!make_room()) co_return true;
    error_code ec;
    const std::size_t read = co_await socket_.async_read_some(
        boost::asio::buffer(input_.data() + end_, input_.size() - end_), boost::asio::redirect_error(kAwait, ec));
    if (ec) {
      const bool slow = std::exchange(expired_, false) && phase_ == Phase::kReading;
      if (slow) refuse(problem_type::kRequestTimeout, "the request was not complete in time");
      co_return slow;
    }
    if (phase_ == Phase::kIdle) enter(Phase::kReading);
    end_ += read;
  }
  co_return true;
}

/// Makes room for more input; false, and the request refused, where what cannot be parsed yet is too long already:
/// Beast bounds the header, but not what precedes a chunk.
bool Connection::make_room() {
  if (begin_ > 0) std::memmove(input_.data(), input_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  if (end_ < input_.size()) return true;
  if (input_.size() > 2 * context_.options.max_header_bytes) {
    refuse(problem_type::kHeaderTooLarge, std::string(problem_type::kHeaderTooLarge.title));
    return false;
  }
  input_.resize(2 * input_.size());
  return true;
}

/// True once a request is complete, or is refused.
bool Connection::parse() {
  const bool had_header = parser_->is_header_done();
  while (begin_ < end_) {
    error_code ec;
    begin_ += parser_->put(boost::asio::buffer(input_.data() + begin_, end_ - begin_), ec);
    if (ec == boost::beast::http::error::need_more) break;
    if (ec) {
      const auto problem = parser_->problem(ec);
      refuse(problem, problem.name == problem_type::kBadRequest.name ? ec.message() : std::string(problem.title));
      return true;
    }
    if (parser_->is_done()) return true;
  }
  if (!had_header && parser_->is_header_done()) enter(Phase::kReading);  // the body has time of its own
  return false;
}

void Connection::refuse(const ProblemType& type, std::string detail) {
  keep_alive_ = false;
  reply_ = std::make_unique<Ready>(problem_response(type, std::move(detail)));
}

void Connection::handle() {
  keep_alive_ = parser_->keep_alive();
  if (!parts_.fill(request_)) return refuse(problem_type::kBadRequest, "the target is neither a path nor a URL");
  enter(Phase::kHandling);
  started_ = std::chrono::steady_clock::now();
  ticket_ = context_.next_ticket++;
  try {
    context_.handler(request_, Responder(context_.mailbox, slot_, ticket_));
  } catch (const std::exception& exception) {
    refuse(problem_type::kInternal, exception.what());
  }
}

Awaitable<void> Connection::woken() {
  return boost::asio::async_initiate<const boost::asio::use_awaitable_t<Executor>, void()>(
      [this](Waiter waiter) { waiter_.emplace(std::move(waiter)); }, kAwait);
}

void Connection::deliver(std::uint64_t ticket, std::unique_ptr<Reply> reply) {
  if (ticket != ticket_ || reply_ || phase_ != Phase::kHandling) return;
  reply_ = std::move(reply);
  wake();
}

/// Nothing of this may be touched afterwards: the connection may have ended.
void Connection::wake() {
  if (!waiter_) return;  // not asleep
  Waiter waiter = std::move(*waiter_);
  waiter_.reset();
  std::move(waiter)();
}

void Connection::observe(int status) {
  if (!context_.observer || phase_ != Phase::kHandling) return;  // not handled: refused while it was read
  context_.observer(request_, status, std::chrono::steady_clock::now() - started_);
}

void Connection::write_head(const Response& response) {
  output_ = "HTTP/1.1 ";
  append_integer(output_, response.status);
  output_.append(" ").append(reason_phrase(response.status)).append("\r\n").append(context_.date_line);
  if (response.status != 204) {
    output_.append("Content-Type: ").append(response.content_type).append("\r\n");
    if (!response.goes_on) {
      output_ += "Content-Length: ";
      append_integer(output_, static_cast<std::int64_t>(response.body.size()));
      output_ += "\r\n";
    } else if (parser_->version() >= 11) {
      output_ += "Transfer-Encoding: chunked\r\n";
    } else {
      keep_alive_ = false;  // HTTP/1.0 knows such a body's end by the connection's
    }
  }
  if (response.header_lines.find("Cache-Control:") == std::string::npos) output_ += "Cache-Control: no-store\r\n";
  output_ += "X-Content-Type-Options: nosniff\r\n";
  output_ += response.header_lines;
  if (!keep_alive_) {
    output_ += "Connection: close\r\n";
  } else if (parser_->version() < 11) {
    output_ += "Connection: keep-alive\r\n";
  }
  output_ += "\r\n";
}

Awaitable<void> Connection::send(Response response) {
  if (context_.draining) keep_alive_ = false;
  write_head(response);
  if (parts_.method != Method::kHead) output_ += response.body;
  co_await write_output();
}

/// False where the client takes no more; the connection is then closed.
Awaitable<bool> Connection::write_output() {
  enter(Phase::kWriting);
  error_code ec;
  std::size_t written = socket_.write_some(boost::asio::buffer(output_), ec);  // nearly always takes all of it
  if (ec == boost::asio::error::would_block) ec = {};
  if (!ec && written < output_.size()) {
    co_await boost::asio::async_write(socket_, boost::asio::buffer(output_) + written,
                                      boost::asio::redirect_error(kAwait, ec));
  }
  if (ec) keep_alive_ = false;
  output_.clear();
  if (output_.capacity() > kKeptOutputBytes) output_ = std::string();
  co_return !ec;
}

Awaitable<void> Connection::send_continue() {
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  parts_.expects_continue = false;
  error_code ignored;
  co_await boost::asio::async_write(socket_, boost::asio::buffer(kContinue),
                                    boost::asio::redirect_error(kAwait, ignored));
}

/// Until it is this connection's turn among those that were refused. What the client sends meanwhile stays with the
/// system.
Awaitable<void> Connection::rest() {
  enter(Phase::kResting);
  context_.resting.push_back({slot_, ticket_});
  if (context_.resting.size() == 1) context_.on_first_resting();
  co_await woken();
}

void Connection::end_rest(std::uint64_t ticket) {
  if (phase_ == Phase::kResting && ticket == ticket_) wake();
}

/// Lets the client read the last answer: closing with unread bytes would make its kernel throw the answer away.
Awaitable<void> Connection::linger() {
  constexpr std::size_t kMostReads = 256;
  enter(Phase::kLingering);
  error_code ec;
  socket_.shutdown(Socket::shutdown_send, ec);
  for (std::size_t i = 0; i < kMostReads && !ec && !expired_; ++i) {
    co_await socket_.async_read_some(boost::asio::buffer(input_), boost::asio::redirect_error(kAwait, ec));
  }
}

void Connection::cancel() {
  error_code ignored;
  socket_.cancel(ignored);
}

void Connection::tick() {
  if (!deadline_ || context_.now < *deadline_) return;
  expired_ = true;
  cancel();
}

void Connection::drain() {
  const bool stuck_in_body = body_.under_way && phase_ == Phase::kWriting;
  if (phase_ == Phase::kIdle || stuck_in_body) cancel();
  if (phase_ == Phase::kStreaming || phase_ == Phase::kResting) wake();
}

}  // namespace ldt::http
