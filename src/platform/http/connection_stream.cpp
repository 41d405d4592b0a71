// Bodies that go on: parts arrive by the mailbox, wait their turn here, and leave as chunks.
// Depends on connection.h. Invariant: at most max_waiting_bytes wait for a client; one that does not read is cut off,
// and its body is then visibly incomplete.
#include <charconv>
#include <utility>

#include <boost/asio/buffer.hpp>

#include "platform/http/connection.h"

namespace ldt::http {

using boost::system::error_code;

namespace {
constexpr int kSystemBytes = 256 * 1024;  // of the system's for a client: it would let them grow to megabytes
}

void Connection::deliver_part(std::uint64_t ticket, std::string_view part, BodyEnd end) {
  if (ticket != ticket_ || body_.last || body_.broken) return;
  body_.parts += part;
  body_.last = end == BodyEnd::kComplete;
  if (end == BodyEnd::kCutOff || body_.parts.size() > context_.options.max_waiting_bytes) break_off();
  if (phase_ == Phase::kStreaming) wake();
}

Awaitable<void> Connection::stream(Response response) {
  const std::shared_ptr<BodyWatch> watch = response.goes_on;
  const bool chunked = parser_->version() >= 11;
  if (context_.draining) keep_alive_ = false;
  write_head(response);
  body_.parts.insert(0, response.body);
  body_.under_way = std::make_shared<char>();
  error_code ignored;
  socket_.set_option(boost::asio::socket_base::send_buffer_size(kSystemBytes), ignored);
  watch_client();
  const bool complete = co_await write_parts(*watch, chunked);
  body_.under_way.reset();
  socket_.cancel(ignored);  // the watch over the client
  if (context_.draining || !complete) keep_alive_ = false;
  if (!complete || !chunked) co_return;
  output_ += "0\r\n\r\n";
  co_await write_output();
}

/// Until the last part is written, or nothing more can be: false.
Awaitable<bool> Connection::write_parts(BodyWatch& watch, bool chunked) {
  bool told = false;  // that all is written
  while (true) {
    take_parts(chunked);
    if (!output_.empty()) {
      if (!co_await write_output() || body_.broken) co_return false;
      told = false;
      continue;
    }
    if (parts_are_over()) co_return !body_.broken;
    enter(Phase::kStreaming);
    if (!std::exchange(told, true)) {
      watch.drained();  // which may bring the next part at once
    } else {
      co_await woken();
    }
  }
}

/// Moves what waits behind the output, as one chunk.
void Connection::take_parts(bool chunked) {
  if (body_.parts.empty() || body_.broken) return;
  if (chunked) {
    char digits[16];
    const auto end = std::to_chars(digits, digits + sizeof(digits), body_.parts.size(), 16).ptr;
    output_.append(digits, end).append("\r\n").append(body_.parts).append("\r\n");
  } else {
    output_ += body_.parts;
  }
  body_.parts.clear();
}

/// Notices a client that leaves. What it sends meanwhile is kept for later, as far as there is room.
void Connection::watch_client() {
  if (end_ == input_.size()) return;
  socket_.async_wait(Socket::wait_read, [this, watched = std::weak_ptr<char>(body_.under_way)](const error_code& ec) {
    if (!watched.expired()) client_spoke(ec);
  });
}

void Connection::client_spoke(error_code ec) {
  if (!ec) end_ += socket_.read_some(boost::asio::buffer(input_.data() + end_, input_.size() - end_), ec);
  if (!ec || ec == boost::asio::error::would_block) return watch_client();
  break_off();
  if (phase_ == Phase::kStreaming) wake();
}

void Connection::break_off() {
  body_.broken = true;
  body_.parts = std::string();
  if (phase_ == Phase::kWriting) cancel();
}

}  // namespace ldt::http
