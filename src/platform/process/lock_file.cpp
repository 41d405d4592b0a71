#include "platform/process/lock_file.h"

#include <fcntl.h>
#include <sys/file.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace ldt::process {
namespace {

constexpr std::chrono::milliseconds kPause{10};

Error cannot_lock(const std::string& path, int error) {
  return {ErrorKind::kInternal, "cannot lock " + path + ": " + std::strerror(error)};
}

}  // namespace

Result<LockFile> LockFile::acquire(const std::string& path, std::chrono::milliseconds patience) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return tl::unexpected(cannot_lock(path, errno));
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return tl::unexpected(cannot_lock(path, errno));
    if (std::chrono::steady_clock::now() >= deadline) return failure(ErrorKind::kConflict, path + " is locked");
    std::this_thread::sleep_for(kPause);
  }
  LockFile lock(std::move(fd));
  lock.write(std::to_string(::getpid()) + "\n");
  return lock;
}

bool LockFile::is_held(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return fd && ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0;
}

std::optional<pid_t> LockFile::holder(const std::string& path) {
  if (!is_held(path)) return std::nullopt;
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return std::nullopt;
  std::array<char, 16> text{};
  if (::pread(fd.get(), text.data(), text.size() - 1, 0) <= 0) return std::nullopt;
  const long id = std::strtol(text.data(), nullptr, 10);
  return id > 0 ? std::optional<pid_t>(static_cast<pid_t>(id)) : std::nullopt;
}

LockFile::~LockFile() {
  if (fd_) write("");
}

void LockFile::write(const std::string& text) const {
  // For people and for `holder`: the lock itself does not depend on what the file holds.
  if (::ftruncate(fd(), 0) != 0 || ::pwrite(fd(), text.data(), text.size(), 0) < 0) return;
}

}  // namespace ldt::process
