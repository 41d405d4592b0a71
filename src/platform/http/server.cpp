#include "platform/http/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <ctime>
#include <future>
#include <optional>
#include <thread>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>

#include "platform/http/connection.h"
#include "platform/http/mailbox.h"

namespace ldt::http {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;
using Acceptor = boost::asio::basic_socket_acceptor<tcp, Executor>;
using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;

constexpr std::chrono::milliseconds kTick{500};
constexpr std::size_t kMostRefusals = 64;  // connections over the limit that are told so; the rest is just closed
constexpr std::chrono::milliseconds kRestTick{10};
constexpr std::chrono::microseconds kHearEvery{200};  // one of those that were refused: 5,000 a second
constexpr std::size_t kOtherDescriptors = 128;        // files and sockets of the rest of the process

struct Address {
  std::string host;
  std::string port;
};

std::optional<Address> split(const std::string& address) {
  const auto colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  Address parts{address.substr(0, colon), address.substr(colon + 1)};
  const bool bracketed = parts.host.size() > 2 && parts.host.front() == '[' && parts.host.back() == ']';
  if (bracketed) parts.host = parts.host.substr(1, parts.host.size() - 2);
  if (!bracketed && parts.host.find(':') != std::string::npos) return std::nullopt;
  std::uint16_t port = 0;
  const auto* end = parts.port.data() + parts.port.size();
  const auto read = std::from_chars(parts.port.data(), end, port);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return parts;
}

std::string reason(const std::string& address, const error_code& ec) {
  const std::string prefix = "cannot listen on " + address + ": ";
  if (ec == boost::asio::error::address_in_use) return prefix + "another program is using this port";
  return prefix + ec.message();
}

/// Every connection is a file: takes as many as the system lets this process have.
std::size_t connections_within_file_limit(std::size_t wanted) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  const rlim_t needed = static_cast<rlim_t>(wanted + kMostRefusals + kOtherDescriptors);
  if (limit.rlim_cur < needed) {
    limit.rlim_cur = std::min(needed, limit.rlim_max);
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  if (limit.rlim_cur >= needed) return wanted;
  return static_cast<std::size_t>(limit.rlim_cur) / 2;
}

std::string date_line() {
  std::array<char, 64> text;
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  return {text.data(), std::strftime(text.data(), text.size(), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts)};
}

}  // namespace

class Server::Core {
 public:
  Core(const ServerOptions& options, Handler handler, Observer observer)
      : io_(1), acceptor_(io_), tick_timer_(io_), accept_timer_(io_), rest_timer_(io_) {
    context_.options = options;
    context_.options.max_connections = connections_within_file_limit(options.max_connections);
    context_.handler = std::move(handler);
    context_.observer = std::move(observer);
    context_.mailbox = std::make_shared<Mailbox>(io_, [this](Mailbox::Letter letter) { deliver(std::move(letter)); });
    context_.on_first_resting = [this] {
      if (!std::exchange(hearing_, true)) spawn(hear_again());
    };
    update_time();
  }

  ~Core() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
    context_.mailbox->close();
    connections_.clear();
  }

  Result<std::uint16_t> listen(const std::string& address) {
    const auto parts = split(address);
    if (!parts) return failure(ErrorKind::kInvalid, "'" + address + "' is not HOST:PORT");
    error_code ec;
    tcp::resolver resolver(io_);
    const auto endpoints = resolver.resolve(parts->host, parts->port, tcp::resolver::passive, ec);
    if (ec) return failure(ErrorKind::kUnavailable, reason(address, ec));
    for (const auto& endpoint : endpoints) {
      if (try_listen(endpoint.endpoint(), ec)) return acceptor_.local_endpoint(ec).port();
    }
    return failure(ErrorKind::kUnavailable, reason(address, ec));
  }

  void run() {
    spawn(accept_all());
    spawn(keep_time());
    thread_ = std::thread([this] { io_.run(); });
  }

  void stop() {
    std::promise<void> drained;
    auto done = drained.get_future();
    boost::asio::post(io_, [this, &drained] { drain(drained); });
    const bool in_time = done.wait_for(context_.options.drain_timeout) == std::future_status::ready;
    if (!in_time) io_.stop();
    thread_.join();
  }

  [[nodiscard]] std::size_t open() const { return open_.load(std::memory_order_relaxed); }

 private:
  bool try_listen(const tcp::endpoint& endpoint, error_code& ec) {
    error_code ignored;
    acceptor_.close(ignored);
    acceptor_.open(endpoint.protocol(), ec);
    if (!ec) acceptor_.set_option(tcp::acceptor::reuse_address(true), ec);
    if (!ec) acceptor_.bind(endpoint, ec);
    if (!ec) acceptor_.listen(boost::asio::socket_base::max_listen_connections, ec);
    return !ec;
  }

  void spawn(Awaitable<void> work) {
    boost::asio::co_spawn(io_.get_executor(), std::move(work), [](const std::exception_ptr&) {});
  }

  Awaitable<void> accept_all() {
    while (acceptor_.is_open()) {
      error_code ec;
      Socket socket = co_await acceptor_.async_accept(boost::asio::redirect_error(kAwait, ec));
      if (!ec) {
        take(std::move(socket));
      } else if (acceptor_.is_open()) {  // out of descriptors, most likely: do not spin
        accept_timer_.expires_after(kTick);
        co_await accept_timer_.async_wait(boost::asio::redirect_error(kAwait, ec));
      }
    }
  }

  void take(Socket socket) {
    const bool refused = open() >= context_.options.max_connections;
    if (open() >= context_.options.max_connections + kMostRefusals) return;
    const std::size_t slot = free_slot();
    connections_[slot] = std::make_unique<Connection>(context_, std::move(socket), slot, refused);
    ++open_;
    boost::asio::co_spawn(io_.get_executor(), connections_[slot]->run(),
                          [this, slot](const std::exception_ptr&) { remove(slot); });
  }

  std::size_t free_slot() {
    if (free_slots_.empty()) {
      connections_.emplace_back();
      return connections_.size() - 1;
    }
    const std::size_t slot = free_slots_.back();
    free_slots_.pop_back();
    return slot;
  }

  void remove(std::size_t slot) {
    connections_[slot].reset();
    free_slots_.push_back(slot);
    --open_;
    end_if_drained();
  }

  void deliver(Mailbox::Letter letter) {
    Connection* connection = letter.slot < connections_.size() ? connections_[letter.slot].get() : nullptr;
    if (connection == nullptr) return;
    if (letter.reply) {
      connection->deliver(letter.ticket, std::move(letter.reply));
    } else {
      connection->deliver_part(letter.ticket, letter.part, letter.end);
    }
  }

  Awaitable<void> keep_time() {
    while (!context_.draining || open() > 0) {
      error_code ec;
      tick_timer_.expires_after(kTick);
      co_await tick_timer_.async_wait(boost::asio::redirect_error(kAwait, ec));
      update_time();
      for (std::size_t i = 0; i < connections_.size(); ++i) {
        if (connections_[i]) connections_[i]->tick();
      }
    }
  }

  /// Lets those that were refused ask again, the first of them first, while there are any.
  Awaitable<void> hear_again() {
    auto heard_until = std::chrono::steady_clock::now();
    while (!context_.resting.empty() && !context_.draining) {
      error_code ec;
      rest_timer_.expires_after(kRestTick);
      co_await rest_timer_.async_wait(boost::asio::redirect_error(kAwait, ec));
      for (const auto now = std::chrono::steady_clock::now(); heard_until < now && !context_.resting.empty();
           heard_until += kHearEvery) {
        const ServerContext::Resting next = context_.resting.front();
        context_.resting.pop_front();
        if (connections_[next.slot]) connections_[next.slot]->end_rest(next.ticket);
      }
    }
    hearing_ = false;
  }

  void update_time() {
    context_.now = std::chrono::steady_clock::now();
    context_.date_line = date_line();
  }

  void drain(std::promise<void>& drained) {
    drained_ = &drained;
    context_.draining = true;
    error_code ignored;
    acceptor_.close(ignored);
    accept_timer_.cancel();
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      if (connections_[i]) connections_[i]->drain();
    }
    end_if_drained();
  }

  void end_if_drained() {
    if (drained_ == nullptr || open() > 0) return;
    std::exchange(drained_, nullptr)->set_value();
    tick_timer_.cancel();
  }

  boost::asio::io_context io_;
  Acceptor acceptor_;
  Timer tick_timer_;
  Timer accept_timer_;
  Timer rest_timer_;
  bool hearing_ = false;  // hear_again() runs
  ServerContext context_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::size_t> free_slots_;
  std::atomic<std::size_t> open_ = 0;
  std::promise<void>* drained_ = nullptr;
  std::thread thread_;
};

Server::Server(ServerOptions options) : options_(options) {}

Server::~Server() { stop(); }

Result<std::uint16_t> Server::start(const std::string& address, Handler handler, Observer observer) {
  auto core = std::make_unique<Core>(options_, std::move(handler), std::move(observer));
  auto port = core->listen(address);
  if (!port) return port;
  core_ = std::move(core);
  core_->run();
  return port;
}

void Server::stop() {
  if (!core_) return;
  core_->stop();
  core_.reset();
}

std::size_t Server::open_connections() const { return core_ ? core_->open() : 0; }

}  // namespace ldt::http
