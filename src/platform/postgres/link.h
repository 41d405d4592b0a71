// A connection that is opened when it is needed, and again once it was lost, with a growing pause between failed tries.
// Depends on connection.h. One thread at a time.
// Invariant: while the server is away, nobody waits in get() more than once in a pause.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "platform/postgres/connection.h"

namespace ldt::postgres {

class Link {
 public:
  static constexpr std::chrono::milliseconds kShortestPause{50};
  static constexpr std::chrono::milliseconds kLongestPause{1'000};

  /// What each new connection is made ready with; an Error closes it again.
  using Prepare = std::function<Result<void>(Connection&)>;

  explicit Link(ConnectionOptions options, Prepare prepare = {})
      : options_(std::move(options)), prepare_(std::move(prepare)) {}

  /// The connection, opened if there is none. Fails at once, with the last try's error, while the next is not due.
  [[nodiscard]] Result<Connection*> get();
  /// Tries until it is connected. After each failure `go_on` is told and may wait; false gives up.
  [[nodiscard]] Result<Connection*> wait(const std::function<bool(const Error&)>& go_on);
  /// Closes a connection that answered what it must not, so that the next get() opens another.
  void drop() { connection_.reset(); }
  [[nodiscard]] bool connected() const { return connection_ && connection_->alive(); }
  [[nodiscard]] const ConnectionOptions& options() const { return options_; }

 private:
  [[nodiscard]] Result<Connection*> open();

  ConnectionOptions options_;
  Prepare prepare_;
  std::unique_ptr<Connection> connection_;
  Error last_error_;
  std::chrono::milliseconds pause_ = kShortestPause;
  std::chrono::steady_clock::time_point next_try_{};
};

}  // namespace ldt::postgres
