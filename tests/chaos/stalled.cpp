#include "chaos/stalled.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>

namespace ldt::testing {
namespace {

constexpr int kInAGroup = 40;

const std::array<std::string, 4> kBeginnings{
    "POST /v1/orders HTTP/1.1\r\nHost: a\r\nContent-Ty",
    "POST /v1/orders HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: "
    "200\r\n\r\n{\"user\":\"st",
    "GET /v1/orders?limit=500 HTTP/1.1\r\nHost: a\r\n\r\nGET /v1/orders?limit=500 HTTP/1.1\r\nHost: a\r\n\r\n",
    "",
};

int connected_to(const std::string& host_and_port) {
  const auto colon = host_and_port.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(host_and_port.substr(colon + 1))));
  inet_pton(AF_INET, host_and_port.substr(0, colon).c_str(), &address.sin_addr);
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  const int little = 4096;  // so that what is not read fills up soon
  setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return descriptor;
  close(descriptor);  // the service is down just now
  return -1;
}

}  // namespace

Stalled::Stalled(std::string host_and_port) : host_and_port_(std::move(host_and_port)) {}

void Stalled::add(double seconds) {
  groups_.emplace_back([this, seconds](const std::stop_token& stop) {
    std::vector<int> sockets;
    for (int i = 0; i < kInAGroup; ++i) {
      const int descriptor = connected_to(host_and_port_);
      if (descriptor < 0) continue;
      const auto& beginning = kBeginnings[static_cast<std::size_t>(i) % kBeginnings.size()];
      // Whether it arrives does not matter: the other side may be dying.
      static_cast<void>(send(descriptor, beginning.data(), beginning.size(), MSG_NOSIGNAL));
      sockets.push_back(descriptor);
    }
    const auto until = SteadyClock::now() + std::chrono::duration<double>(seconds);
    while (SteadyClock::now() < until && !stop.stop_requested())
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    for (const int descriptor : sockets) close(descriptor);
  });
}

void Stalled::end() { groups_.clear(); }

}  // namespace ldt::testing
