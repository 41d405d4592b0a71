#include "cluster/commit_cutter.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ldt::testing {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kCommitted =
    "C\0\0\0\x0b"
    "COMMIT\0"sv;                  // CommandComplete, as the protocol has it
constexpr int kLookUpEvery = 100;  // ms

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int connect_to(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = loopback(port);
  const int yes = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

CommitCutter::CommitCutter(int server_port, std::uint64_t seed)
    : server_port_(server_port), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), random_(seed) {
  auto address = loopback(0);
  socklen_t size = sizeof address;
  if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) != 0 || listen(listener_, 128) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("the proxy cannot listen");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::jthread([this] { accept_connections(); });
}

CommitCutter::~CommitCutter() {
  stopping_ = true;
  acceptor_.join();
  connections_.clear();
  close(listener_);
}

void CommitCutter::accept_connections() {
  while (!stopping_) {
    pollfd waiting{listener_, POLLIN, 0};
    if (poll(&waiting, 1, kLookUpEvery) <= 0) continue;
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    const std::lock_guard lock(mutex_);
    connections_.emplace_back([this, client] { serve(client); });
  }
}

bool CommitCutter::shall_cut() {
  const int one_of = one_of_;
  if (one_of == 0) return false;
  const std::lock_guard lock(mutex_);
  return random_() % static_cast<std::uint64_t>(one_of) == 0;
}

void CommitCutter::serve(int client) {
  const int yes = 1;
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  const int server = connect_to(server_port_);
  std::array<char, 1U << 16U> buffer{};
  bool open = server >= 0;
  while (open && !stopping_) {
    std::array<pollfd, 2> ends{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
    if (poll(ends.data(), ends.size(), kLookUpEvery) <= 0) continue;
    for (int end = 0; open && end < 2; ++end) {
      if (ends[static_cast<std::size_t>(end)].revents == 0) continue;
      const auto got = recv(end == 0 ? client : server, buffer.data(), buffer.size(), 0);
      const std::string_view bytes(buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
      const bool cut = end == 1 && bytes.find(kCommitted) != std::string_view::npos && shall_cut();
      if (cut) ++cut_;
      open = got > 0 && !cut && send_all(end == 0 ? server : client, bytes);
    }
  }
  close(client);
  if (server >= 0) close(server);
}

}  // namespace ldt::testing
