// What the test and the shim in a service's process share: a small file, mapped by both.
// Depends on nothing. Invariant: a strike that was armed strikes at most once (kDiskFull: for a while), and what has
// struck is written here before it strikes, so that it is known after the process's death.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ldt::crashes {

/// Operations are told apart by what they are done to.
enum class Class : std::uint32_t {
  kDatabaseWrite,  // the main file, or its rollback journal
  kWalWrite,
  kShmWrite,  // of the -shm file, by write(2): it is mapped otherwise
  kLogWrite,  // any other file; pipes and terminals
  kDatabaseSync,
  kWalSync,
  kOtherSync,  // of folders
  kTruncate,
  kUnlink,
  kRename,
  kSendGrpc,  // over a Unix socket
  kSendHttp,  // over TCP
};
inline constexpr std::size_t kClasses = 12;
inline constexpr std::array<std::string_view, kClasses> kClassNames{"db-write", "wal-write", "shm-write",  "log-write",
                                                                    "db-sync",  "wal-sync",  "other-sync", "truncate",
                                                                    "unlink",   "rename",    "grpc-send",  "http-send"};

enum class Fault : std::uint32_t {
  kKill,          // SIGKILL instead of the operation
  kTorn,          // a first half is written or sent, then SIGKILL
  kPowerCut,      // SIGKILL, and nothing of what was not synced has been written
  kPowerCutSome,  // SIGKILL, and only some of it has been written: by the seed, sector by sector
  kStallCut,      // the disk stands still while the other threads go on, then comes the power cut
  kEio,           // fails with EIO
  kEioLost,       // a sync fails with EIO, and what it was to sync is lost
  kEnospc,        // fails with ENOSPC
  kDiskFull,      // so does every other write to a file for a while
  kShort,         // writes or sends only a first half, and says so
  kReset,         // a send fails with ECONNRESET
};
inline constexpr std::size_t kFaults = 11;
inline constexpr std::array<std::string_view, kFaults> kFaultNames{"kill",      "torn",  "power-cut", "power-cut-some",
                                                                   "stall-cut", "eio",   "eio-lost",  "enospc",
                                                                   "disk-full", "short", "reset"};

inline constexpr std::uint64_t kDiskFullMs = 250;
inline constexpr std::uint64_t kStallMs = 60;

[[nodiscard]] constexpr bool is_send(Class what) { return what == Class::kSendGrpc || what == Class::kSendHttp; }
[[nodiscard]] constexpr bool is_sync(Class what) {
  return what == Class::kDatabaseSync || what == Class::kWalSync || what == Class::kOtherSync;
}
[[nodiscard]] constexpr bool is_write(Class what) { return what <= Class::kLogWrite; }
[[nodiscard]] constexpr bool kills(Fault fault) { return fault <= Fault::kStallCut; }

enum Armed : std::uint32_t { kIdle, kArmed, kStriking /* kDiskFull, once it has begun */ };

/// All zeros: nothing is armed.
struct Control {
  std::atomic<std::uint32_t> armed;  // whoever takes kArmed away decides: struck, or called off
  std::atomic<std::uint32_t> fault;
  std::atomic<std::uint32_t> target_class;
  std::atomic<std::uint64_t> target;  // the n-th of its class since `counts` was cleared; the first is 1
  std::atomic<std::uint64_t> seed;
  std::atomic<std::uint64_t> until_ms;    // kDiskFull: of the monotonic clock
  std::atomic<std::uint64_t> taken_back;  // writes that a power cut took back
  std::array<std::atomic<std::uint64_t>, kClasses> counts;
};

/// Names the folder of the control files, one for each service: SERVICE.control.
inline constexpr const char* kControlFolderVariable = "LDT_CRASH_CONTROL";

}  // namespace ldt::crashes
