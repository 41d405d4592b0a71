#include "ldt/processes/listen_port.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <thread>

#include "platform/process/unique_fd.h"

namespace ldt {
namespace {

using std::chrono::milliseconds;

// A service that was killed gives up its lock a moment before its port: there may be thousands of connections to close.
constexpr milliseconds kPatience{2'000};
constexpr milliseconds kTryAgainAfter{20};

int port_of(int fd) {
  sockaddr_storage bound{};
  socklen_t length = sizeof bound;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &length) != 0) return 0;
  return bound.ss_family == AF_INET6 ? ntohs(reinterpret_cast<sockaddr_in6*>(&bound)->sin6_port)
                                     : ntohs(reinterpret_cast<sockaddr_in*>(&bound)->sin_port);
}

/// The port that was listened on for a moment, or why not (an errno).
tl::expected<int, int> try_port(const addrinfo& at) {
  const process::UniqueFd fd(::socket(at.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int yes = 1;
  const bool bound = fd && ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
                     ::bind(fd.get(), at.ai_addr, at.ai_addrlen) == 0 && ::listen(fd.get(), 1) == 0;
  if (!bound) return tl::unexpected(errno);
  return port_of(fd.get());
}

using Resolved = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Result<Resolved> resolve(const Address& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found); error != 0) {
    return failure(ErrorKind::kInvalid, "cannot listen on " + address.text() + ": " + ::gai_strerror(error));
  }
  return Resolved(found, &::freeaddrinfo);
}

}  // namespace

bool is_free(const Address& address) {
  const auto found = resolve(address);
  return found && try_port(**found);
}

Result<Address> check_free(const Address& address) {
  const auto found = resolve(address);
  if (!found) return tl::unexpected(found.error());
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  auto port = try_port(**found);
  while (!port && port.error() == EADDRINUSE && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kTryAgainAfter);
    port = try_port(**found);
  }
  if (port) return Address{address.host, std::to_string(*port)};
  const std::string advice = port.error() == EADDRINUSE ? "; choose another with --http HOST:PORT" : "";
  return failure(ErrorKind::kConflict,
                 "cannot listen on " + address.text() + ": " + std::strerror(port.error()) + advice);
}

}  // namespace ldt
