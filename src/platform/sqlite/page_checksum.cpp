// The layer itself: sqlite3_vfs and sqlite3_io_methods that pass everything on but pages of main files and what is
// appended to write-ahead logs.
// Depends on sqlite3. The last 8 bytes of a page, which SQLite leaves alone (reserved bytes), hold its checksum.
#include "platform/sqlite/page_checksum.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <new>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "base/check.h"
#include "platform/sqlite/io_counters.h"

namespace ldt::sqlite {
namespace {

static_assert(std::endian::native == std::endian::little, "checksums are stored as they are computed");

constexpr int kMostPageBytes = 4096;

using Page = std::array<unsigned char, kMostPageBytes>;
using Word = std::uint64_t;

constexpr const char* kName = "ldt-checksummed";
constexpr int kReservedBytes = sizeof(Word);
constexpr int kLanes = 4;
constexpr int kAttempts = 5;  // at a page that may be under way from the log to the file

// SQLite's file format
constexpr int kHeaderBytes = 100;  // of page 1; parts of it are read alone, before its page is
constexpr std::size_t kPageBytesAt = 16;
constexpr std::size_t kReservedAt = 20;
constexpr std::size_t kApplicationIdAt = 68;
constexpr std::int64_t kLockByte = 0x40000000;  // its page holds locks and is never written

std::uint32_t big_endian(const unsigned char* bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8U | bytes[i];
  return value;
}

// The checksum

Word word_at(const unsigned char* page, int index) {
  Word word = 0;
  std::memcpy(&word, page + static_cast<std::size_t>(index) * sizeof(Word), sizeof word);
  return word;
}

/// For a fixed word a bijection of the lane, and for a fixed lane one of the word.
Word stir(Word lane, Word word) { return std::rotl((lane ^ word) * 0x9E3779B97F4A7C15U, 29); }

/// Over all words but the last, for which the page's number stands. Four lanes, since one would wait for its
/// multiplications. As each step is a bijection, damage within one word always shows; any other does but once in 2^64.
Word checksum(const unsigned char* page, int words, std::int64_t number) {
  std::array<Word, kLanes> lanes{0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89};
  for (int i = 0; i < words - kLanes; i += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) {
      lanes[static_cast<std::size_t>(lane)] = stir(lanes[static_cast<std::size_t>(lane)], word_at(page, i + lane));
    }
  }
  for (int lane = 0; lane + 1 < kLanes; ++lane) {
    lanes[static_cast<std::size_t>(lane)] =
        stir(lanes[static_cast<std::size_t>(lane)], word_at(page, words - kLanes + lane));
  }
  lanes.back() = stir(lanes.back(), static_cast<Word>(number));
  Word sum = 0;
  for (const Word lane : lanes) {
    sum = stir(sum, lane);
    sum ^= sum >> 32;
  }
  return sum;
}

constexpr int words_of(int page_bytes) { return page_bytes / static_cast<int>(sizeof(Word)); }

bool verifies(const unsigned char* page, int page_bytes, std::int64_t number) {
  const int words = words_of(page_bytes);
  return word_at(page, words - 1) == checksum(page, words, number);
}

// What goes to the disk is counted

std::atomic<std::int64_t> fsyncs{0};
std::atomic<std::int64_t> bytes_written{0};

int write_below(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  bytes_written.fetch_add(size, std::memory_order_relaxed);
  return file->pMethods->xWrite(file, bytes, size, offset);
}

// A main file

struct PageFile : sqlite3_file {
  bool checked;          // its pages carry checksums
  int page_bytes;        // known where they do
  std::int64_t damaged;  // the last such page, 0: none
  int unsynced;          // pages written since the last sync

  /// The file below, which SQLite has left room for behind this one.
  sqlite3_file* below() { return reinterpret_cast<sqlite3_file*>(this + 1); }

  /// From the header of the file. Never unlearned.
  void learn(const unsigned char* header) {
    const std::uint32_t id = big_endian(header + kApplicationIdAt);
    if (checked || (header[kReservedAt] != kReservedBytes && id != kChecksummedApplicationId)) return;
    checked = true;
    const int bytes = header[kPageBytesAt] << 8 | header[kPageBytesAt + 1];
    page_bytes = bytes == kPageBytes ? kPageBytes : kMostPageBytes;  // one flipped bit makes neither of the other
  }
};

PageFile& of(sqlite3_file* file) { return *static_cast<PageFile*>(file); }
const sqlite3_io_methods& methods_below(sqlite3_file* file) { return *of(file).below()->pMethods; }

int damage(PageFile& file, std::int64_t number) {
  file.damaged = number;
  return SQLITE_IOERR_DATA;
}

/// A page that is cut off is damaged, too: no page is read before it was written.
int read_page(PageFile& file, unsigned char* out, std::int64_t number) {
  const int bytes = file.page_bytes;
  const int code = file.below()->pMethods->xRead(file.below(), out, bytes, (number - 1) * bytes);
  if (code == SQLITE_OK && verifies(out, bytes, number)) return SQLITE_OK;
  return code == SQLITE_OK || code == SQLITE_IOERR_SHORT_READ ? damage(file, number) : code;
}

int read(sqlite3_file* raw, void* out, int size, sqlite3_int64 offset) {
  PageFile& file = of(raw);
  if (offset + size <= kHeaderBytes || !file.checked) {
    const int code = methods_below(raw).xRead(file.below(), out, size, offset);
    if (code == SQLITE_OK && offset == 0 && size >= kHeaderBytes) file.learn(static_cast<unsigned char*>(out));
    return code;
  }
  const std::int64_t number = offset / file.page_bytes + 1;
  const auto begin = static_cast<std::size_t>(offset % file.page_bytes);
  if (begin == 0 && size == file.page_bytes) return read_page(file, static_cast<unsigned char*>(out), number);
  // SQLite reads long values past its cache, without what it does not need of a page.
  if (begin + static_cast<std::size_t>(size) > static_cast<std::size_t>(file.page_bytes))
    return damage(file, 1);  // its header says how long pages are
  Page page;
  const int code = read_page(file, page.data(), number);
  if (code == SQLITE_OK) std::memcpy(out, page.data() + begin, static_cast<std::size_t>(size));
  return code;
}

int sync(sqlite3_file* raw, int flags) {
  of(raw).unsynced = 0;
  fsyncs.fetch_add(1, std::memory_order_relaxed);
  return methods_below(raw).xSync(of(raw).below(), flags);
}

/// A checkpoint writes pages by the thousand and syncs once; whoever commits to the same disk meanwhile would wait for
/// all of them.
constexpr int kMostUnsynced = 128;

int write(sqlite3_file* raw, const void* bytes, int size, sqlite3_int64 offset) {
  PageFile& file = of(raw);
  if (++file.unsynced > kMostUnsynced) {
    if (const int code = sync(raw, SQLITE_SYNC_NORMAL); code != SQLITE_OK) return code;
  }
  if (offset == 0 && size >= kHeaderBytes) file.learn(static_cast<const unsigned char*>(bytes));
  if (!file.checked || size != file.page_bytes || offset % size != 0) {
    return write_below(file.below(), bytes, size, offset);
  }
  Page page;  // the bytes are SQLite's, and not to be changed
  std::memcpy(page.data(), bytes, static_cast<std::size_t>(size));
  const Word sum = checksum(page.data(), words_of(size), offset / size + 1);
  std::memcpy(page.data() + size - kReservedBytes, &sum, sizeof sum);
  return write_below(file.below(), page.data(), size, offset);
}

/// Passes a call of a file on to the one below.
template <auto Method, class... Arguments>
auto pass(sqlite3_file* file, Arguments... arguments) {
  return (methods_below(file).*Method)(of(file).below(), arguments...);
}

using Methods = sqlite3_io_methods;

/// Version 2: without xFetch, which would show SQLite pages that were not verified.
constexpr Methods kMethods{
    2,
    pass<&Methods::xClose>,
    read,
    write,
    pass<&Methods::xTruncate>,
    sync,
    pass<&Methods::xFileSize>,
    pass<&Methods::xLock>,
    pass<&Methods::xUnlock>,
    pass<&Methods::xCheckReservedLock>,
    pass<&Methods::xFileControl>,
    pass<&Methods::xSectorSize>,
    pass<&Methods::xDeviceCharacteristics>,
    pass<&Methods::xShmMap>,
    pass<&Methods::xShmLock>,
    pass<&Methods::xShmBarrier>,
    pass<&Methods::xShmUnmap>,
    nullptr,
    nullptr,
};

// A write-ahead log: SQLite appends a frame's header and its page, one after the other, and reads nothing of them
// before they are synced. They are gathered and written together: of a commit of many pages, one write is left.

constexpr std::size_t kMostAtOnce = std::size_t{64} << 10U;  // SQLite's own file systems take less than 128 KiB

struct LogFile : sqlite3_file {
  std::string unwritten;
  sqlite3_int64 unwritten_at = 0;
  bool committing = false;  // the header of a frame that commits is there, its page is not

  /// The file below, which SQLite has left room for behind this one.
  sqlite3_file* below() { return reinterpret_cast<sqlite3_file*>(this + 1); }

  [[nodiscard]] sqlite3_int64 end() const { return unwritten_at + static_cast<sqlite3_int64>(unwritten.size()); }
  /// Where it fails, what was gathered is gone, as after a write that failed.
  int write_gathered() {
    int code = SQLITE_OK;
    for (std::size_t begin = 0; begin < unwritten.size() && code == SQLITE_OK; begin += kMostAtOnce) {
      const auto size = static_cast<int>(std::min(kMostAtOnce, unwritten.size() - begin));
      code = write_below(below(), &unwritten[begin], size, unwritten_at + static_cast<sqlite3_int64>(begin));
    }
    unwritten.clear();
    return code;
  }
};

constexpr std::size_t kMostGathered = std::size_t{1} << 20U;  // bytes
constexpr int kFrameHeaderBytes = 24;
constexpr std::size_t kCommitAt = 4;  // in a frame's header: the database's pages after the commit; 0: it is none

LogFile& log_of(sqlite3_file* file) { return *static_cast<LogFile*>(file); }

int write_log(sqlite3_file* raw, const void* bytes, int size, sqlite3_int64 offset) {
  LogFile& file = log_of(raw);
  const bool follows = offset == file.end() && file.unwritten.size() < kMostGathered;
  if (!file.unwritten.empty() && !follows) {
    if (const int code = file.write_gathered(); code != SQLITE_OK) return code;
  }
  if (file.unwritten.empty()) file.unwritten_at = offset;
  file.unwritten.append(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
  const bool page_of_commit =
      std::exchange(file.committing,
                    size == kFrameHeaderBytes && big_endian(static_cast<const unsigned char*>(bytes) + kCommitAt) != 0);
  return page_of_commit ? file.write_gathered() : SQLITE_OK;
}

int sync_log(sqlite3_file* raw, int flags) {
  LogFile& file = log_of(raw);
  if (const int code = file.write_gathered(); code != SQLITE_OK) return code;
  fsyncs.fetch_add(1, std::memory_order_relaxed);
  return file.below()->pMethods->xSync(file.below(), flags);
}

int close_log(sqlite3_file* raw) {
  LogFile& file = log_of(raw);
  const int written = file.write_gathered();
  const int closed = file.below()->pMethods->xClose(file.below());
  file.~LogFile();
  return written != SQLITE_OK ? written : closed;
}

/// Passes a call on to the file below, which has all that was gathered.
template <auto Method, class... Arguments>
int pass_log(sqlite3_file* raw, Arguments... arguments) {
  LogFile& file = log_of(raw);
  if (const int code = file.write_gathered(); code != SQLITE_OK) return code;
  return (file.below()->pMethods->*Method)(file.below(), arguments...);
}

/// Version 1: only main files share memory.
constexpr Methods kLogMethods{
    1,
    close_log,
    pass_log<&Methods::xRead>,
    write_log,
    pass_log<&Methods::xTruncate>,
    sync_log,
    pass_log<&Methods::xFileSize>,
    pass_log<&Methods::xLock>,
    pass_log<&Methods::xUnlock>,
    pass_log<&Methods::xCheckReservedLock>,
    pass_log<&Methods::xFileControl>,
    pass_log<&Methods::xSectorSize>,
    pass_log<&Methods::xDeviceCharacteristics>,
};

// Any other file: journals, temporary ones. Its bytes are the file system's own, and only counted.

int write_other(sqlite3_file* raw, const void* bytes, int size, sqlite3_int64 offset) {
  return write_below(of(raw).below(), bytes, size, offset);
}

/// Version 1: only main files share memory.
constexpr Methods kOtherMethods{
    1,
    pass<&Methods::xClose>,
    pass<&Methods::xRead>,
    write_other,
    pass<&Methods::xTruncate>,
    sync,
    pass<&Methods::xFileSize>,
    pass<&Methods::xLock>,
    pass<&Methods::xUnlock>,
    pass<&Methods::xCheckReservedLock>,
    pass<&Methods::xFileControl>,
    pass<&Methods::xSectorSize>,
    pass<&Methods::xDeviceCharacteristics>,
};

// The file system

sqlite3_vfs* below(sqlite3_vfs* vfs) { return static_cast<sqlite3_vfs*>(vfs->pAppData); }

int open_log(sqlite3_vfs* vfs, const char* name, sqlite3_file* out, int flags, int* out_flags) {
  auto* file = new (out) LogFile{};
  const int code = below(vfs)->xOpen(below(vfs), name, file->below(), flags, out_flags);
  if (file->below()->pMethods == nullptr) {
    file->~LogFile();  // SQLite does not close what was not opened
  } else {
    file->pMethods = &kLogMethods;
  }
  return code;
}

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* out, int flags, int* out_flags) {
  if ((flags & SQLITE_OPEN_WAL) != 0) return open_log(vfs, name, out, flags, out_flags);
  auto* file = new (out) PageFile{};
  const int code = below(vfs)->xOpen(below(vfs), name, file->below(), flags, out_flags);
  if (file->below()->pMethods == nullptr) return code;
  if ((flags & SQLITE_OPEN_MAIN_DB) == 0) {
    file->pMethods = &kOtherMethods;
    return code;
  }
  if (file->below()->pMethods->iVersion < 2) {  // has no shared memory, so no write-ahead log
    file->below()->pMethods->xClose(file->below());
    return SQLITE_CANTOPEN;
  }
  file->pMethods = &kMethods;
  return code;
}

/// Passes a call of the file system on to the one below.
template <auto Method, class... Arguments>
auto pass_on(sqlite3_vfs* vfs, Arguments... arguments) {
  return (below(vfs)->*Method)(below(vfs), arguments...);
}

sqlite3_vfs make_vfs() {
  using Vfs = sqlite3_vfs;
  Vfs* base = sqlite3_vfs_find(nullptr);
  CHECK(base != nullptr);
  Vfs vfs{};
  vfs.iVersion = base->iVersion < 2 ? 1 : 2;
  vfs.szOsFile = static_cast<int>(std::max(sizeof(PageFile), sizeof(LogFile))) + base->szOsFile;
  vfs.mxPathname = base->mxPathname;
  vfs.zName = kName;
  vfs.pAppData = base;
  vfs.xOpen = open;
  vfs.xDelete = pass_on<&Vfs::xDelete>;
  vfs.xAccess = pass_on<&Vfs::xAccess>;
  vfs.xFullPathname = pass_on<&Vfs::xFullPathname>;
  vfs.xRandomness = pass_on<&Vfs::xRandomness>;
  vfs.xSleep = pass_on<&Vfs::xSleep>;
  vfs.xCurrentTime = pass_on<&Vfs::xCurrentTime>;
  vfs.xGetLastError = pass_on<&Vfs::xGetLastError>;
  vfs.xCurrentTimeInt64 = pass_on<&Vfs::xCurrentTimeInt64>;
  return vfs;
}

/// Nothing where the connection is not through this layer.
PageFile* file_of(sqlite3* handle) {
  sqlite3_file* file = nullptr;
  const int code = sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file));
  return code == SQLITE_OK && file != nullptr && file->pMethods == &kMethods ? &of(file) : nullptr;
}

/// The pages that the write-ahead log holds: SQLite reads those from there, not from the file.
std::set<std::int64_t> pages_in_log(sqlite3* handle, int page_bytes) {
  constexpr int kLogHeader = 32;
  constexpr int kFrameHeader = kFrameHeaderBytes;
  std::set<std::int64_t> pages;
  sqlite3_file* log = nullptr;
  sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&log));
  if (log == nullptr || log->pMethods == nullptr) return pages;
  std::array<unsigned char, kLogHeader> header;
  if (log->pMethods->xRead(log, header.data(), kLogHeader, 0) != SQLITE_OK) return pages;
  std::array<unsigned char, kFrameHeader> frame;
  for (std::int64_t at = kLogHeader; log->pMethods->xRead(log, frame.data(), kFrameHeader, at) == SQLITE_OK;
       at += kFrameHeader + page_bytes) {
    if (std::memcmp(&frame[8], &header[16], 8) != 0) break;  // the salt of an older log
    pages.insert(big_endian(frame.data()));
  }
  return pages;
}

/// Reads the pages and forgets those that verify.
Result<void> keep_damaged(PageFile& file, std::vector<std::int64_t>& numbers) {
  Page page;
  int failed = SQLITE_OK;
  std::erase_if(numbers, [&](std::int64_t number) {
    const int code = read_page(file, page.data(), number);
    if (code != SQLITE_OK && code != SQLITE_IOERR_DATA) failed = code;
    return code == SQLITE_OK;
  });
  if (failed != SQLITE_OK) return failure(ErrorKind::kInternal, sqlite3_errstr(failed));
  return {};
}

}  // namespace

const char* checksummed_vfs() {
  static const char* const name = [] {
    static sqlite3_vfs vfs = make_vfs();
    CHECK(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
    return vfs.zName;
  }();
  return name;
}

void reserve_checksums(sqlite3* handle) {
  int bytes = kReservedBytes;
  CHECK(sqlite3_file_control(handle, "main", SQLITE_FCNTL_RESERVE_BYTES, &bytes) == SQLITE_OK);
}

bool has_checksums(sqlite3* handle) {
  const PageFile* file = file_of(handle);
  return file != nullptr && file->checked;
}

int page_bytes(sqlite3* handle) {
  CHECK(has_checksums(handle));
  return file_of(handle)->page_bytes;
}

std::optional<std::int64_t> last_damaged_page(sqlite3* handle) {
  const PageFile* file = file_of(handle);
  return file != nullptr && file->damaged != 0 ? std::optional(file->damaged) : std::nullopt;
}

Result<std::vector<std::int64_t>> find_damaged_pages(sqlite3* handle) {
  std::vector<std::int64_t> damaged;
  if (!has_checksums(handle)) return damaged;
  PageFile& file = *file_of(handle);
  const std::int64_t pages = (size_in_bytes(handle) + file.page_bytes - 1) / file.page_bytes;
  const std::int64_t lock_page = kLockByte / file.page_bytes + 1;
  for (std::int64_t number = 1; number <= pages; ++number) damaged.push_back(number);
  if (pages >= lock_page) damaged.erase(damaged.begin() + (lock_page - 1));
  if (auto done = keep_damaged(file, damaged); !done) return tl::unexpected(done.error());
  // A page that a checkpoint is just writing can be seen half new, but not again and again. One that has been in the
  // log alone can have others behind it in the file already: there it is a hole.
  for (int attempt = 1; attempt <= kAttempts && !damaged.empty(); ++attempt) {
    std::erase_if(damaged,
                  [log = pages_in_log(handle, file.page_bytes)](std::int64_t number) { return log.contains(number); });
    std::this_thread::sleep_for(std::chrono::milliseconds(attempt));
    if (auto done = keep_damaged(file, damaged); !done) return tl::unexpected(done.error());
  }
  return damaged;
}

IoCounts io_counts() { return {fsyncs.load(std::memory_order_relaxed), bytes_written.load(std::memory_order_relaxed)}; }

std::int64_t size_in_bytes(sqlite3* handle) {
  sqlite3_int64 size = 0;
  PageFile* file = file_of(handle);
  CHECK(file != nullptr && methods_below(file).xFileSize(file->below(), &size) == SQLITE_OK);
  return size;
}

}  // namespace ldt::sqlite
