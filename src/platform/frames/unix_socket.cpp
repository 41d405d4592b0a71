// Listens, accepts, connects.
// Depends on POSIX sockets and threads.
#include "platform/frames/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

namespace ldt::frames {

namespace {

constexpr std::chrono::milliseconds kPauseAfterError{50};  // e.g. too many open files

std::optional<sockaddr_un> to_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return std::nullopt;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

tl::unexpected<Error> error_of(const std::string& path, const char* what) {
  return failure(ErrorKind::kUnavailable, path + ": " + what);
}

}  // namespace

Result<process::UniqueFd> connect(const std::string& path) {
  const auto address = to_address(path);
  if (!address) return error_of(path, "too long for a socket's path");
  process::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return error_of(path, std::strerror(errno));
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) {
    return error_of(path, std::strerror(errno));
  }
  return socket;
}

Result<std::unique_ptr<Listener>> Listener::start(const std::string& path, Serve serve) {
  const auto address = to_address(path);
  if (!address) return error_of(path, "too long for a socket's path");
  std::error_code ignored;  // listening finds out
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  process::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return error_of(path, std::strerror(errno));
  ::unlink(path.c_str());
  const mode_t old_mask = ::umask(0177);
  const int bound = ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address);
  ::umask(old_mask);
  if (bound != 0 || ::listen(socket.get(), SOMAXCONN) != 0) return error_of(path, std::strerror(errno));
  return std::unique_ptr<Listener>(new Listener(std::move(socket), std::move(serve)));
}

Listener::Listener(process::UniqueFd socket, Serve serve)
    : socket_(std::move(socket)), serve_(std::move(serve)), thread_([this] { accept_all(); }) {}

void Listener::accept_all() {
  for (;;) {
    process::UniqueFd accepted(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    if (accepted) {
      add(std::move(accepted));
    } else {
      std::this_thread::sleep_for(kPauseAfterError);
    }
  }
}

void Listener::add(process::UniqueFd socket) {
  std::list<Served> ended;
  const std::lock_guard lock(mutex_);
  for (auto served = served_.begin(); served != served_.end();) {
    const auto next = std::next(served);
    if (served->ended) ended.splice(ended.end(), served_, served);
    served = next;
  }
  for (auto& served : ended) served.thread.join();  // its last act was to say so
  if (stopping_ || served_.size() >= kMaxConnections) return;
  Served& served = served_.emplace_back(std::move(socket));
  served.thread = std::thread([this, &served] {
    serve_(served.connection);
    served.connection.close();
    const std::lock_guard ending(mutex_);
    served.ended = true;
  });
}

void Listener::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (auto& served : served_) served.connection.close();
  }
  ::shutdown(socket_.get(), SHUT_RDWR);  // ends accept
  if (thread_.joinable()) thread_.join();
  for (auto& served : served_) {
    if (served.thread.joinable()) served.thread.join();
  }
}

}  // namespace ldt::frames
