#include "support/http.h"

#include <arpa/inet.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ostream>
#include <random>
#include <stdexcept>

#include "support/exchanges.h"

namespace ldt::testing {
namespace {

constexpr std::chrono::seconds kConnectPatience{5};
constexpr std::chrono::seconds kAnswerPatience{30};

Answer answer_from(const httplib::Response& response) {
  Headers headers;
  for (const auto& [name, value] : response.headers) headers[lower_case(name)] = value;
  return answer_of(response.status, std::move(headers), response.body);
}

Sent sent_by(const httplib::Request& request) {
  Sent sent{request.method, request.path, {}, request.body};
  for (const auto& [name, value] : request.headers) sent.headers[lower_case(name)] = value;
  return sent;
}

sockaddr_in address_of(const std::string& host_and_port) {
  const auto colon = host_and_port.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(host_and_port.substr(colon + 1))));
  inet_pton(AF_INET, host_and_port.substr(0, colon).c_str(), &address.sin_addr);
  return address;
}

class Socket {
 public:
  Socket() : descriptor_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (descriptor_ < 0) throw std::runtime_error("no socket");
  }
  ~Socket() { close(descriptor_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace

std::string Answer::header(const std::string& lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? "" : found->second;
}

std::ostream& operator<<(std::ostream& out, const Answer& answer) {
  if (!answer.arrived()) return out << "no answer";
  return out << answer.status << " " << answer.text;
}

struct Http::Connection {
  explicit Connection(const std::string& host_and_port) : client("http://" + host_and_port) {
    client.set_keep_alive(true);
    client.set_tcp_nodelay(true);
    client.set_connection_timeout(kConnectPatience);
    client.set_read_timeout(kAnswerPatience);
  }
  httplib::Client client;
};

Http::Http(const std::string& host_and_port) : connection_(std::make_unique<Connection>(host_and_port)) {}
Http::~Http() = default;
Http::Http(Http&&) noexcept = default;
Http& Http::operator=(Http&&) noexcept = default;

Answer Http::send(const std::string& method, const std::string& path, const Headers& headers, const std::string& body,
                  const std::string& content_type) {
  httplib::Request request;
  request.method = method;
  request.path = path;
  request.body = body;
  for (const auto& [name, value] : headers) request.headers.emplace(name, value);
  const bool has_body = method == "POST" || method == "PUT";
  if (has_body && !content_type.empty()) request.headers.emplace("Content-Type", content_type);
  const auto result = connection_->client.send(request);
  // A balancer says 502 where the connection behind it broke, which is to a client as if its own had.
  constexpr int kBrokenBehind = 502;
  const Answer answer = result && result->status != kBrokenBehind ? answer_from(*result) : Answer{};
  record_exchange(sent_by(request), answer);
  return answer;
}

std::string send_raw(const std::string& host_and_port, const std::string& bytes, std::chrono::milliseconds patience) {
  const Socket socket;
  const auto address = address_of(host_and_port);
  const timeval limit{static_cast<time_t>(patience.count() / 1000),
                      static_cast<suseconds_t>(patience.count() % 1000 * 1000)};
  setsockopt(socket.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  if (connect(socket.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) return "";
  if (::send(socket.descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) return "";
  shutdown(socket.descriptor(), SHUT_WR);
  std::string received;
  char piece[4096];
  for (ssize_t n = 0; (n = recv(socket.descriptor(), piece, sizeof(piece), 0)) > 0;) {
    received.append(piece, static_cast<std::size_t>(n));
  }
  record_raw_exchange(bytes, received);
  return received;
}

// Below the ports that the system gives to those who connect (32768 and up): while nobody listens, such a port may be
// taken by a client that tries to reach it, even by one that then talks to itself.
int free_port() {
  constexpr int kFirst = 20'000;
  constexpr int kLast = 32'000;
  static std::mt19937 random{std::random_device{}()};
  for (int attempt = 0; attempt < 1'000; ++attempt) {
    const int port = std::uniform_int_distribution<int>(kFirst, kLast)(random);
    const Socket socket;
    sockaddr_in address = address_of("127.0.0.1:" + std::to_string(port));
    if (bind(socket.descriptor(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) return port;
  }
  throw std::runtime_error("no free port");
}

}  // namespace ldt::testing
