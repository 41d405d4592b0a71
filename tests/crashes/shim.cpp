#include "crashes/shim.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <random>
#include <string_view>

namespace ldt::crashes {
namespace {

class Locked {
 public:
  explicit Locked(pthread_mutex_t& mutex) : mutex_(mutex) { pthread_mutex_lock(&mutex_); }
  ~Locked() { pthread_mutex_unlock(&mutex_); }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  pthread_mutex_t& mutex_;
};

std::string target_of(const std::string& link) {
  std::array<char, PATH_MAX> path{};
  const ssize_t length = ::readlink(link.c_str(), path.data(), path.size());
  return {path.data(), length > 0 ? static_cast<std::size_t>(length) : 0};
}

/// "order" for .../bin/ldt-order.
std::string own_service() {
  const std::string program = target_of("/proc/self/exe");
  const auto dash = program.rfind("/ldt-");
  return dash == std::string::npos ? "" : program.substr(dash + 5);
}

Control* map_control() {
  const char* folder = std::getenv(kControlFolderVariable);
  const std::string service = own_service();
  if (folder == nullptr || service.empty()) return nullptr;
  const int fd = ::open((std::string(folder) + "/" + service + ".control").c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return nullptr;
  void* memory = ::mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  return memory == MAP_FAILED ? nullptr : static_cast<Control*>(memory);
}

std::uint64_t now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000 + static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
}

Class class_of_file(int fd) {
  const std::string path = target_of("/proc/self/fd/" + std::to_string(fd));
  const auto ends_with = [&](std::string_view end) { return path.find(end, path.rfind('/')) != std::string::npos; };
  if (ends_with(".db-wal")) return Class::kWalWrite;
  if (ends_with(".db-shm")) return Class::kShmWrite;
  return ends_with(".db") ? Class::kDatabaseWrite : Class::kLogWrite;
}

Class sync_of(Class written) {
  if (written == Class::kDatabaseWrite) return Class::kDatabaseSync;
  return written == Class::kWalWrite ? Class::kWalSync : Class::kOtherSync;
}

bool is_journaled(Class what) { return what == Class::kDatabaseWrite || what == Class::kWalWrite; }

std::size_t total_of(const Shim::Pieces& pieces) {
  std::size_t total = 0;
  for (const auto& piece : pieces) total += piece.iov_len;
  return total;
}

Shim::Pieces first(std::size_t count, const Shim::Pieces& pieces) {
  Shim::Pieces some;
  for (const auto& piece : pieces) {
    const auto taken = std::min(count, piece.iov_len);
    if (taken > 0) some.push_back({piece.iov_base, taken});
    count -= taken;
  }
  return some;
}

}  // namespace

Shim& Shim::instance() {
  static auto* shim = new Shim;  // never destroyed: threads may outlive main()
  return *shim;
}

Shim::Shim() : control_(map_control()) {}

std::optional<Class> Shim::classify(int fd) {
  struct stat facts {};
  if (::fstat(fd, &facts) != 0) return std::nullopt;
  if (S_ISREG(facts.st_mode)) return class_of_file(fd);
  if (S_ISDIR(facts.st_mode)) return Class::kLogWrite;  // only ever synced
  if (!S_ISSOCK(facts.st_mode)) return std::nullopt;
  int domain = 0;
  socklen_t size = sizeof domain;
  if (::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) return std::nullopt;
  return domain == AF_UNIX ? Class::kSendGrpc : Class::kSendHttp;
}

bool Shim::strikes(Class what) {
  const auto count = ++control_->counts[static_cast<std::size_t>(what)];
  if (control_->armed == kIdle) return false;
  if (control_->armed == kStriking) return is_write(what) && now_ms() < control_->until_ms;
  if (static_cast<Class>(control_->target_class.load()) != what || count != control_->target) return false;
  const bool lasts = static_cast<Fault>(control_->fault.load()) == Fault::kDiskFull;
  control_->until_ms = now_ms() + kDiskFullMs;
  std::uint32_t expected = kArmed;
  return control_->armed.compare_exchange_strong(expected, lasts ? kStriking : kIdle);
}

Shim::Verdict Shim::judge(Class what, int fd) {
  if (!strikes(what)) return Verdict::kProceed;
  return strike(what, fd);
}

Shim::Verdict Shim::strike(Class what, int fd) {
  switch (static_cast<Fault>(control_->fault.load())) {
    case Fault::kKill:
      die();
    case Fault::kTorn:
      return Verdict::kTear;
    case Fault::kPowerCut:
      cut_power(false);
    case Fault::kPowerCutSome:
      cut_power(true);
    case Fault::kStallCut:
      stall();
      cut_power(false);
    case Fault::kEioLost:
      control_->taken_back = undo_.take_back(fd);
      errno = EIO;
      return Verdict::kFail;
    case Fault::kEio:
      errno = EIO;
      return Verdict::kFail;
    case Fault::kEnospc:
    case Fault::kDiskFull:
      errno = ENOSPC;
      return Verdict::kFail;
    case Fault::kShort:
      return Verdict::kShort;
    case Fault::kReset:
      if (is_send(what)) ::shutdown(fd, SHUT_RDWR);
      errno = ECONNRESET;
      return Verdict::kFail;
  }
  return Verdict::kProceed;
}

/// With the lock held: no other thread does anything that counts any more.
void Shim::die() {
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

/// Whatever another thread sends meanwhile gets out.
void Shim::stall() {
  pthread_mutex_unlock(&mutex_);
  const timespec pause{0, kStallMs * 1'000'000};
  ::nanosleep(&pause, nullptr);
  pthread_mutex_lock(&mutex_);
}

void Shim::cut_power(bool keep_some) {
  std::minstd_rand random(static_cast<std::minstd_rand::result_type>(control_->seed.load() + 1));
  control_->taken_back = undo_.take_back([&] { return keep_some && random() % 2 == 0; });
  die();
}

void Shim::remember(Class what, int fd, const Pieces& pieces, std::optional<off_t> offset) {
  if (!is_journaled(what)) return;
  off_t at = offset ? *offset : ::lseek(fd, 0, SEEK_CUR);
  for (const auto& piece : pieces) {
    undo_.before_write(fd, piece.iov_base, piece.iov_len, at);
    at += static_cast<off_t>(piece.iov_len);
  }
}

ssize_t Shim::transfer(int fd, const Pieces& pieces, std::optional<off_t> offset,
                       const std::function<ssize_t(const Pieces&)>& perform) {
  const auto what = control_ != nullptr ? classify(fd) : std::nullopt;
  if (!what) return perform(pieces);
  const Locked lock(mutex_);
  const Verdict verdict = judge(*what, fd);
  if (verdict == Verdict::kFail) return -1;
  const auto total = total_of(pieces);
  const bool half = verdict != Verdict::kProceed && total > 1;
  const Pieces chosen = half ? first(total / 2, pieces) : pieces;
  remember(*what, fd, chosen, offset);
  const ssize_t done = perform(chosen);
  if (verdict == Verdict::kTear) die();
  return done;
}

int Shim::sync(int fd, const std::function<int()>& perform) {
  const auto what = control_ != nullptr ? classify(fd) : std::nullopt;
  if (!what || is_send(*what)) return perform();
  const Locked lock(mutex_);
  if (judge(sync_of(*what), fd) == Verdict::kFail) return -1;
  const int done = perform();
  if (done == 0) undo_.synced(fd);
  return done;
}

int Shim::truncate(int fd, off_t size, const std::function<int()>& perform) {
  const auto what = control_ != nullptr ? classify(fd) : std::nullopt;
  if (!what) return perform();
  const Locked lock(mutex_);
  if (judge(Class::kTruncate, fd) == Verdict::kFail) return -1;
  if (is_journaled(*what)) undo_.before_truncate(fd, size);
  return perform();
}

int Shim::change_name(Class what, const std::function<int()>& perform) {
  if (control_ == nullptr) return perform();
  const Locked lock(mutex_);
  if (judge(what, -1) == Verdict::kFail) return -1;
  return perform();
}

}  // namespace ldt::crashes
