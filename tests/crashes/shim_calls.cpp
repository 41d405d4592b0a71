// The functions of libc that the shim stands in for: loaded first (LD_PRELOAD), these are found instead.
// Each goes on by its system call, so none needs libc's own. Depends on shim.h.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "crashes/shim.h"

namespace {

using ldt::crashes::Class;
using ldt::crashes::Shim;
using Pieces = Shim::Pieces;

Pieces one(const void* bytes, std::size_t count) { return {{const_cast<void*>(bytes), count}}; }
Pieces all_of(const iovec* pieces, int count) { return {pieces, pieces + count}; }

ssize_t write_pieces(int fd, const Pieces& pieces) { return ::syscall(SYS_writev, fd, pieces.data(), pieces.size()); }
ssize_t write_pieces_at(int fd, const Pieces& pieces, off_t offset) {
  return ::syscall(SYS_pwritev, fd, pieces.data(), pieces.size(), offset, 0);
}

}  // namespace

// Names and signatures are libc's.
extern "C" {

ssize_t write(int fd, const void* bytes, std::size_t count) {
  return Shim::instance().transfer(fd, one(bytes, count), {}, [&](const Pieces& now) { return write_pieces(fd, now); });
}

ssize_t writev(int fd, const iovec* pieces, int count) {
  return Shim::instance().transfer(fd, all_of(pieces, count), {},
                                   [&](const Pieces& now) { return write_pieces(fd, now); });
}

ssize_t pwrite(int fd, const void* bytes, std::size_t count, off_t offset) {
  return Shim::instance().transfer(fd, one(bytes, count), offset,
                                   [&](const Pieces& now) { return write_pieces_at(fd, now, offset); });
}
ssize_t pwrite64(int fd, const void* bytes, std::size_t count, off64_t offset) {
  return pwrite(fd, bytes, count, offset);
}

ssize_t pwritev(int fd, const iovec* pieces, int count, off_t offset) {
  return Shim::instance().transfer(fd, all_of(pieces, count), offset,
                                   [&](const Pieces& now) { return write_pieces_at(fd, now, offset); });
}
ssize_t pwritev64(int fd, const iovec* pieces, int count, off64_t offset) { return pwritev(fd, pieces, count, offset); }

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  return Shim::instance().transfer(fd, all_of(message->msg_iov, static_cast<int>(message->msg_iovlen)), {},
                                   [&](const Pieces& now) {
                                     msghdr shortened = *message;
                                     shortened.msg_iov = const_cast<iovec*>(now.data());
                                     shortened.msg_iovlen = now.size();
                                     return static_cast<ssize_t>(::syscall(SYS_sendmsg, fd, &shortened, flags));
                                   });
}

ssize_t sendto(int fd, const void* bytes, std::size_t count, int flags, const sockaddr* to, socklen_t size) {
  return Shim::instance().transfer(fd, one(bytes, count), {}, [&](const Pieces& now) {
    return static_cast<ssize_t>(::syscall(SYS_sendto, fd, now[0].iov_base, now[0].iov_len, flags, to, size));
  });
}
ssize_t send(int fd, const void* bytes, std::size_t count, int flags) {
  return sendto(fd, bytes, count, flags, nullptr, 0);
}

int fsync(int fd) {
  return Shim::instance().sync(fd, [&] { return static_cast<int>(::syscall(SYS_fsync, fd)); });
}
int fdatasync(int fd) {
  return Shim::instance().sync(fd, [&] { return static_cast<int>(::syscall(SYS_fdatasync, fd)); });
}

int ftruncate(int fd, off_t size) noexcept {
  return Shim::instance().truncate(fd, size, [&] { return static_cast<int>(::syscall(SYS_ftruncate, fd, size)); });
}
int ftruncate64(int fd, off64_t size) noexcept { return ftruncate(fd, size); }

int unlink(const char* path) noexcept {
  return Shim::instance().change_name(Class::kUnlink,
                                      [&] { return static_cast<int>(::syscall(SYS_unlinkat, AT_FDCWD, path, 0)); });
}

int rename(const char* from, const char* to) noexcept {
  return Shim::instance().change_name(
      Class::kRename, [&] { return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0)); });
}

}  // extern "C"
