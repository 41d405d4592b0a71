// Frames over a connected stream socket between processes on one machine: a length, then so many bytes.
// Depends on POSIX. Sending never waits and happens on the caller's thread; receiving has a thread of its own.
// Invariant: a frame arrives whole or not at all; once broken, a connection stays broken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "platform/process/unique_fd.h"

namespace ldt::frames {

/// A longer one breaks the connection.
inline constexpr std::size_t kMaxFrameBytes = std::size_t{16} << 20U;

class FrameConnection {
 public:
  explicit FrameConnection(process::UniqueFd socket);

  /// Sends a frame; what the socket does not take at once follows by itself. Any thread.
  /// @return false: broken or closed
  bool send(std::string_view frame);
  /// Takes frames, each valid during its call, until the connection is broken or closed.
  void run(const std::function<void(std::string_view)>& on_frame);
  /// Ends run(), from any thread, on_frame included.
  void close();

 private:
  bool send_unsent();
  bool wait_for_bytes();
  bool receive();
  bool deliver(const std::function<void(std::string_view)>& on_frame);

  const process::UniqueFd socket_;
  const process::UniqueFd wake_;  // tells run() that something is left to send
  std::mutex mutex_;
  bool closed_ = false;
  std::string unsent_;

  std::string received_;  // from taken_ to filled_: not yet delivered; run()'s thread only
  std::size_t taken_ = 0;
  std::size_t filled_ = 0;
};

}  // namespace ldt::frames
