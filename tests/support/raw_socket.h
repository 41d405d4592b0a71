// Bytes to a server as no client would send them, and what comes back: over TCP or over a Unix socket, never blocking.
// Invariant: every wait has an end.
#pragma once

#include <chrono>
#include <string>

namespace ldt::testing {

/// What one connection brought.
struct Received {
  std::string bytes;
  bool closed = false;  // by the server
  std::chrono::milliseconds after{0};
};

class RawSocket {
 public:
  /// "HOST:PORT", or the path of a Unix socket. Throws std::runtime_error where nobody listens.
  explicit RawSocket(const std::string& address);
  ~RawSocket();
  RawSocket(RawSocket&& other) noexcept;
  RawSocket& operator=(RawSocket&&) = delete;

  /// Sends what the server takes at once; the number of bytes, or -1 where it has closed.
  long send_some(const std::string& bytes, std::size_t from = 0);
  /// Sends all of it while reading what comes back, until the server closes or the time is over.
  /// @param half_close  ends the own direction once all is sent
  Received exchange(const std::string& bytes, bool half_close, std::chrono::milliseconds patience);
  /// Takes what is there; true once the server has closed.
  bool drain(std::string& into);
  /// Closes without the parting words of TCP: the server finds a connection reset.
  void reset();

 private:
  int descriptor_ = -1;
};

}  // namespace ldt::testing
