// Many HTTP connections on one thread, as light as they can be: whole requests out, whole answers in. The load shares
// two cores with what it loads, so it parses only what it needs. Invariant: each request is concluded exactly once, by
// an answer or by a lost connection.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ldt::testing {

using SteadyClock = std::chrono::steady_clock;

struct WireAnswer {
  int status = 0;  // 0: the connection was lost, or nothing came in time
  std::string_view body;
};

class Wire {
 public:
  using Concluded = std::function<void(std::uint64_t ticket, const WireAnswer&)>;

  Wire(const std::string& host_and_port, std::size_t connections, Concluded concluded);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  /// False where every connection is in use, or none can be had just now.
  bool send(std::string_view request, std::uint64_t ticket);
  [[nodiscard]] std::size_t in_use() const { return in_use_; }
  /// Concludes what has been answered or lost, waiting for it until then at most.
  void poll(SteadyClock::time_point until);

 private:
  struct Connection {
    int descriptor = -1;
    bool busy = false;
    std::string out;
    std::size_t sent = 0;
    std::string in;
    std::uint64_t ticket = 0;
    SteadyClock::time_point since;
  };

  bool open(Connection& connection);
  void close(Connection& connection);
  void flush(Connection& connection);
  void receive(Connection& connection);
  void conclude(Connection& connection, const WireAnswer& answer, bool keep);
  void give_up_overdue();

  std::string host_;
  int port_ = 0;
  Concluded concluded_;
  std::vector<Connection> connections_;
  std::vector<std::size_t> idle_;
  std::size_t in_use_ = 0;
  int epoll_ = -1;
  SteadyClock::time_point connect_again_;
  SteadyClock::time_point looked_for_overdue_;
};

/// One request over a connection of its own, waited for. Status 0: no answer.
struct FetchedAnswer {
  int status = 0;
  std::string body;
};
class Fetcher {
 public:
  explicit Fetcher(const std::string& host_and_port);
  [[nodiscard]] FetchedAnswer get(const std::string& path);

 private:
  std::string host_and_port_;
  FetchedAnswer last_;
  Wire wire_;
};

/// The text of a member of the first object in `json` that has it: `"name":"text"`. Empty: null or missing.
[[nodiscard]] std::string_view text_member(std::string_view json, std::string_view name);

}  // namespace ldt::testing
