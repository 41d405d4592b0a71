#include "support/raw_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace ldt::testing {
namespace {

using Clock = std::chrono::steady_clock;

int connected_to_unix(const std::string& path) {
  const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) throw std::runtime_error("path too long for a socket: " + path);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return descriptor;
  close(descriptor);
  throw std::runtime_error("cannot connect to " + path + ": " + std::strerror(errno));
}

int connected_to_tcp(const std::string& host_and_port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto colon = host_and_port.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(host_and_port.substr(colon + 1))));
  inet_pton(AF_INET, host_and_port.substr(0, colon).c_str(), &address.sin_addr);
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return descriptor;
  close(descriptor);
  throw std::runtime_error("cannot connect to " + host_and_port + ": " + std::strerror(errno));
}

}  // namespace

RawSocket::RawSocket(const std::string& address)
    : descriptor_(address.find('/') == std::string::npos ? connected_to_tcp(address) : connected_to_unix(address)) {
  fcntl(descriptor_, F_SETFL, O_NONBLOCK);
}

RawSocket::RawSocket(RawSocket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

RawSocket::~RawSocket() {
  if (descriptor_ >= 0) close(descriptor_);
}

long RawSocket::send_some(const std::string& bytes, std::size_t from) {
  const ssize_t sent = send(descriptor_, bytes.data() + from, bytes.size() - from, MSG_NOSIGNAL);
  if (sent >= 0) return sent;
  return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

bool RawSocket::drain(std::string& into) {
  char piece[16 * 1024];
  for (;;) {
    const ssize_t got = recv(descriptor_, piece, sizeof(piece), 0);
    if (got > 0) {
      into.append(piece, static_cast<std::size_t>(got));
    } else if (got < 0 && errno == EINTR) {
      continue;
    } else {
      return got == 0 || errno != EAGAIN;
    }
  }
}

Received RawSocket::exchange(const std::string& bytes, bool half_close, std::chrono::milliseconds patience) {
  const auto began = Clock::now();
  Received received;
  std::size_t sent = 0;
  bool sending = true;
  while (!received.closed && Clock::now() - began < patience) {
    if (sending && sent < bytes.size()) {
      const long taken = send_some(bytes, sent);
      if (taken > 0) sent += static_cast<std::size_t>(taken);
      if (taken < 0) sending = false;  // it refuses the rest; what it said before is still to be read
    }
    if (sending && sent == bytes.size()) {
      if (half_close) shutdown(descriptor_, SHUT_WR);
      sending = false;
    }
    received.closed = drain(received.bytes);
    if (received.closed) break;
    pollfd wait{descriptor_, static_cast<short>(POLLIN | (sending ? POLLOUT : 0)), 0};
    poll(&wait, 1, 50);
  }
  received.after = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began);
  return received;
}

void RawSocket::reset() {
  const linger at_once{1, 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close(std::exchange(descriptor_, -1));
}

}  // namespace ldt::testing
