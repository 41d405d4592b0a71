// Sends and receives frames.
// Depends on POSIX sockets.
#include "platform/frames/frame_connection.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace ldt::frames {

namespace {

using Length = std::uint32_t;  // in the machine's own byte order: both ends are on it

constexpr std::size_t kReceiveBytes = std::size_t{64} << 10U;  // at a time
constexpr std::size_t kMaxUnsent = 2 * kMaxFrameBytes;         // a peer that reads nothing is not waited for

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

FrameConnection::FrameConnection(process::UniqueFd socket)
    : socket_(std::move(socket)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

bool FrameConnection::send(std::string_view frame) {
  auto length = static_cast<Length>(frame.size());
  std::array<iovec, 2> pieces{{{&length, sizeof length}, {const_cast<char*>(frame.data()), frame.size()}}};
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();

  const std::lock_guard lock(mutex_);
  if (closed_ || frame.size() > kMaxFrameBytes || unsent_.size() > kMaxUnsent) return false;
  std::size_t sent = 0;
  if (unsent_.empty()) {
    const auto taken = ::sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (taken < 0 && !would_block()) return false;
    if (taken > 0) sent = static_cast<std::size_t>(taken);
    if (sent == sizeof length + frame.size()) return true;
  }
  for (const auto& piece : pieces) {
    const auto skipped = std::min(sent, piece.iov_len);
    unsent_.append(static_cast<const char*>(piece.iov_base) + skipped, piece.iov_len - skipped);
    sent -= skipped;
  }
  ::eventfd_write(wake_.get(), 1);
  return true;
}

bool FrameConnection::send_unsent() {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  if (unsent_.empty()) return true;
  const auto taken = ::send(socket_.get(), unsent_.data(), unsent_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (taken < 0) return would_block();
  unsent_.erase(0, static_cast<std::size_t>(taken));
  return true;
}

void FrameConnection::run(const std::function<void(std::string_view)>& on_frame) {
  while (wait_for_bytes() && receive() && deliver(on_frame)) {
  }
  close();
}

/// Sends meanwhile what is left to send.
bool FrameConnection::wait_for_bytes() {
  for (;;) {
    short events = POLLIN;
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return false;
      if (!unsent_.empty()) events |= POLLOUT;
    }
    std::array<pollfd, 2> files{{{socket_.get(), events, 0}, {wake_.get(), POLLIN, 0}}};
    if (::poll(files.data(), files.size(), -1) < 0 && errno != EINTR) return false;
    if ((files[1].revents & POLLIN) != 0) {
      eventfd_t count = 0;
      ::eventfd_read(wake_.get(), &count);
    }
    if ((files[0].revents & POLLOUT) != 0 && !send_unsent()) return false;
    if ((files[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0) return true;
  }
}

bool FrameConnection::receive() {
  std::memmove(received_.data(), received_.data() + taken_, filled_ - taken_);
  filled_ -= std::exchange(taken_, 0);
  // Never made smaller: to be made larger again it would have to be cleared each time.
  if (received_.size() < filled_ + kReceiveBytes) received_.resize(filled_ + kReceiveBytes);
  const auto count = ::recv(socket_.get(), received_.data() + filled_, kReceiveBytes, MSG_DONTWAIT);
  if (count > 0) filled_ += static_cast<std::size_t>(count);
  const bool nothing_yet = count < 0 && would_block();
  return count > 0 || nothing_yet;
}

bool FrameConnection::deliver(const std::function<void(std::string_view)>& on_frame) {
  for (;;) {
    const std::string_view rest(received_.data() + taken_, filled_ - taken_);
    Length length = 0;
    if (rest.size() < sizeof length) return true;
    std::memcpy(&length, rest.data(), sizeof length);
    if (length > kMaxFrameBytes) return false;
    if (rest.size() < sizeof length + length) return true;
    taken_ += sizeof length + length;
    on_frame(rest.substr(sizeof length, length));
  }
}

void FrameConnection::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  ::shutdown(socket_.get(), SHUT_RDWR);
}

}  // namespace ldt::frames
