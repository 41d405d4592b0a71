// Listens on a Unix socket and connects to one; every connection that is accepted gets a thread.
// Depends on frame_connection.h. Invariant: when stop() returns, no connection is served any more.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.h"
#include "platform/frames/frame_connection.h"

namespace ldt::frames {

/// kUnavailable: nobody listens there (yet).
[[nodiscard]] Result<process::UniqueFd> connect(const std::string& path);

class Listener {
 public:
  /// Serves one connection on its thread, until it is broken or closed.
  using Serve = std::function<void(FrameConnection&)>;
  static constexpr std::size_t kMaxConnections = 64;  // more are closed at once

  /// Takes the place of a socket that a dead process left. For the own user only.
  [[nodiscard]] static Result<std::unique_ptr<Listener>> start(const std::string& path, Serve serve);
  ~Listener() { stop(); }

  /// Closes all connections and waits for their threads. Idempotent.
  void stop();

 private:
  struct Served {
    explicit Served(process::UniqueFd socket) : connection(std::move(socket)) {}
    FrameConnection connection;
    std::thread thread;
    bool ended = false;
  };
  Listener(process::UniqueFd socket, Serve serve);
  void accept_all();
  void add(process::UniqueFd socket);

  const process::UniqueFd socket_;
  const Serve serve_;
  std::mutex mutex_;
  std::list<Served> served_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ldt::frames
