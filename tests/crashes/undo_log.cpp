#include "crashes/undo_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <tuple>

namespace ldt::crashes {
namespace {

constexpr std::size_t kSector = 512;

off_t size_of(int fd) {
  struct stat facts {};
  return ::fstat(fd, &facts) == 0 ? facts.st_size : 0;
}

// System calls by their number: the functions of libc would come back to the shim.
std::vector<char> read_at(int fd, off_t offset, std::size_t count) {
  std::vector<char> bytes(count);
  const auto got = ::syscall(SYS_pread64, fd, bytes.data(), count, offset);
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}
void write_at(int fd, const char* bytes, std::size_t count, off_t offset) {
  std::ignore = ::syscall(SYS_pwrite64, fd, bytes, count, offset);
}

}  // namespace

UndoLog::File* UndoLog::file_of(int fd, bool make) {
  struct stat facts {};
  if (::fstat(fd, &facts) != 0) return nullptr;
  const FileId id{facts.st_dev, facts.st_ino};
  const auto found = files_.find(id);
  if (found != files_.end()) return &found->second;
  if (!make) return nullptr;
  File& file = files_[id];
  file.fd = ::fcntl(fd, F_DUPFD_CLOEXEC, 500);  // the writer may close its own before the cut
  return &file;
}

void UndoLog::before_write(int fd, const void* bytes, std::size_t count, off_t offset) {
  File* file = file_of(fd, true);
  if (file == nullptr) return;
  const auto* data = static_cast<const char*>(bytes);
  file->changes.push_back({offset, read_at(fd, offset, count), {data, data + count}, size_of(fd)});
}

void UndoLog::before_truncate(int fd, off_t size) {
  File* file = file_of(fd, true);
  const off_t now = size_of(fd);
  if (file == nullptr || now == size) return;
  const auto lost = static_cast<std::size_t>(std::max<off_t>(0, now - size));
  file->changes.push_back({size, read_at(fd, size, lost), {}, now});
}

void UndoLog::synced(int fd) {
  if (File* file = file_of(fd, false)) file->changes.clear();
}

void UndoLog::undo(const File& file) {
  for (auto change = file.changes.rbegin(); change != file.changes.rend(); ++change) {
    write_at(file.fd, change->before.data(), change->before.size(), change->offset);
    std::ignore = ::syscall(SYS_ftruncate, file.fd, change->size_before);
  }
}

std::uint64_t UndoLog::redo(const File& file, const std::function<bool()>& keep) {
  std::uint64_t dropped = 0;
  for (const auto& change : file.changes) {
    bool whole = !change.after.empty();
    for (std::size_t at = 0; at < change.after.size(); at += kSector) {
      const auto count = std::min(kSector, change.after.size() - at);
      const bool kept = keep();
      if (kept) write_at(file.fd, change.after.data() + at, count, change.offset + static_cast<off_t>(at));
      whole = whole && kept;
    }
    if (!whole) ++dropped;
  }
  return dropped;
}

std::uint64_t UndoLog::take_back(const std::function<bool()>& keep) {
  std::uint64_t dropped = 0;
  for (const auto& [id, file] : files_) {
    undo(file);
    dropped += redo(file, keep);
  }
  return dropped;
}

std::uint64_t UndoLog::take_back(int fd) {
  File* file = file_of(fd, false);
  if (file == nullptr) return 0;
  undo(*file);
  const auto dropped = file->changes.size();
  file->changes.clear();
  return dropped;
}

}  // namespace ldt::crashes
