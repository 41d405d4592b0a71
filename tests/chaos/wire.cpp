#include "chaos/wire.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <stdexcept>

namespace ldt::testing {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kConnectAgainAfter{20};
constexpr milliseconds kAnswerPatience{10'000};
constexpr milliseconds kLookForOverdueEvery{200};

/// What follows `name`, which is in lower case, in a head; a balancer may spell it as it likes. Empty: it is not there.
std::string_view after(std::string_view head, std::string_view name) {
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  const auto at = std::search(head.begin(), head.end(), name.begin(), name.end(), same);
  return at == head.end() ? std::string_view() : head.substr(static_cast<std::size_t>(at - head.begin()) + name.size());
}

/// Nothing where the head does not say.
std::size_t content_length(std::string_view head) {
  const auto value = after(head, "\r\ncontent-length: ");
  std::size_t length = 0;
  std::from_chars(value.data(), value.data() + value.size(), length);
  return length;
}

}  // namespace

Wire::Wire(const std::string& host_and_port, std::size_t connections, Concluded concluded)
    : concluded_(std::move(concluded)), connections_(connections), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) throw std::runtime_error("no epoll");
  const auto colon = host_and_port.rfind(':');
  host_ = host_and_port.substr(0, colon);
  port_ = std::stoi(host_and_port.substr(colon + 1));
  for (std::size_t i = connections; i-- > 0;) idle_.push_back(i);
}

Wire::~Wire() {
  for (auto& connection : connections_) close(connection);
  ::close(epoll_);
}

bool Wire::open(Connection& connection) {
  if (SteadyClock::now() < connect_again_) return false;
  connection.descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (connection.descriptor < 0) throw std::runtime_error("no socket");
  const int yes = 1;
  setsockopt(connection.descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port_));
  inet_pton(AF_INET, host_.c_str(), &address.sin_addr);
  const int connected = connect(connection.descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (connected != 0 && errno != EINPROGRESS) {
    close(connection);
    connect_again_ = SteadyClock::now() + kConnectAgainAfter;
    return false;
  }
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLET;
  event.data.u64 = static_cast<std::uint64_t>(&connection - connections_.data());
  epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.descriptor, &event);
  return true;
}

void Wire::close(Connection& connection) {
  if (connection.descriptor >= 0) ::close(connection.descriptor);
  connection.descriptor = -1;
}

bool Wire::send(std::string_view request, std::uint64_t ticket) {
  if (idle_.empty()) return false;
  Connection& connection = connections_[idle_.back()];
  if (connection.descriptor < 0 && !open(connection)) return false;
  idle_.pop_back();
  ++in_use_;
  connection.busy = true;
  connection.out.assign(request);
  connection.sent = 0;
  connection.in.clear();
  connection.ticket = ticket;
  connection.since = SteadyClock::now();
  flush(connection);
  return true;
}

void Wire::flush(Connection& connection) {
  while (connection.sent < connection.out.size()) {
    const auto n = ::send(connection.descriptor, connection.out.data() + connection.sent,
                          connection.out.size() - connection.sent, MSG_NOSIGNAL);
    if (n < 0) return;  // not writable yet; or broken, which reading will tell
    connection.sent += static_cast<std::size_t>(n);
  }
}

void Wire::poll(SteadyClock::time_point until) {
  const auto pause = std::chrono::duration_cast<milliseconds>(until - SteadyClock::now()).count();
  std::array<epoll_event, 256> events;
  const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                               static_cast<int>(std::max<std::int64_t>(pause, 0)));
  for (int i = 0; i < count; ++i) {
    Connection& connection = connections_[events[static_cast<std::size_t>(i)].data.u64];
    if (connection.descriptor < 0) continue;
    if (connection.busy) flush(connection);
    receive(connection);
  }
  give_up_overdue();
}

void Wire::receive(Connection& connection) {
  std::array<char, 65536> piece;
  bool ended = false;
  while (!ended) {
    const auto n = recv(connection.descriptor, piece.data(), piece.size(), 0);
    if (n > 0) {
      connection.in.append(piece.data(), static_cast<std::size_t>(n));
      continue;
    }
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOTCONN)) break;
    ended = true;  // perhaps after a whole answer
  }
  if (ended && !connection.busy) return close(connection);
  const auto lost = [&] {
    if (ended) conclude(connection, {}, false);
  };
  const std::string_view in = connection.in;
  const auto head_end = in.find("\r\n\r\n");
  if (!connection.busy || head_end == std::string_view::npos) return lost();
  const auto head = in.substr(0, head_end);
  const auto body = in.substr(head_end + 4);
  const auto length = content_length(head);
  if (body.size() < length) return lost();
  int status = 0;
  const auto space = head.find(' ');
  if (space != std::string_view::npos) std::from_chars(head.data() + space + 1, head.data() + head.size(), status);
  const bool keep = !ended && !after(head, "\r\nconnection: ").starts_with("close");
  conclude(connection, {status, body.substr(0, length)}, keep);
}

void Wire::conclude(Connection& connection, const WireAnswer& answer, bool keep) {
  connection.busy = false;
  --in_use_;
  concluded_(connection.ticket, answer);  // the answer's body lives in connection.in
  connection.in.clear();
  if (!keep) close(connection);
  idle_.push_back(static_cast<std::size_t>(&connection - connections_.data()));
}

void Wire::give_up_overdue() {
  const auto now = SteadyClock::now();
  if (now - looked_for_overdue_ < kLookForOverdueEvery) return;
  looked_for_overdue_ = now;
  for (auto& connection : connections_) {
    if (connection.busy && now - connection.since > kAnswerPatience) conclude(connection, {}, false);
  }
}

Fetcher::Fetcher(const std::string& host_and_port)
    : host_and_port_(host_and_port), wire_(host_and_port, 1, [this](std::uint64_t, const WireAnswer& answer) {
        last_ = {answer.status, std::string(answer.body)};
      }) {}

FetchedAnswer Fetcher::get(const std::string& path) {
  last_ = {};
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: " + host_and_port_ + "\r\n\r\n";
  const auto deadline = SteadyClock::now() + kAnswerPatience;
  while (!wire_.send(request, 0)) {
    if (SteadyClock::now() > deadline) return last_;
    wire_.poll(SteadyClock::now() + kConnectAgainAfter);
  }
  while (wire_.in_use() > 0) wire_.poll(SteadyClock::now() + kLookForOverdueEvery);
  return last_;
}

std::string_view text_member(std::string_view json, std::string_view name) {
  const std::string start = "\"" + std::string(name) + "\":\"";
  const auto at = json.find(start);
  if (at == std::string_view::npos) return {};
  const auto begin = at + start.size();
  return json.substr(begin, json.find('"', begin) - begin);
}

}  // namespace ldt::testing
