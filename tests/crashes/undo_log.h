// Remembers what writes to database files overwrote since each file's last sync, and takes them back: what a power cut
// does. Depends on system calls alone; not for several threads at once.
// Invariant: after take_back() a file holds what was synced, and of the rest what the caller chose to keep.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

namespace ldt::crashes {

class UndoLog {
 public:
  /// To be called before `bytes` are written.
  void before_write(int fd, const void* bytes, std::size_t count, off_t offset);
  void before_truncate(int fd, off_t size);
  void synced(int fd);

  /// Takes everything back, of all files, then writes again what `keep()` says, sector by sector. Returns how many
  /// writes were not kept whole.
  std::uint64_t take_back(const std::function<bool()>& keep);
  /// Only of this file, and all of it.
  std::uint64_t take_back(int fd);

 private:
  using FileId = std::pair<dev_t, ino_t>;
  struct Change {
    off_t offset = 0;
    std::vector<char> before;  // shorter than `after` where the file ended
    std::vector<char> after;
    off_t size_before = 0;
  };
  struct File {
    int fd = -1;  // a duplicate of the writer's
    std::vector<Change> changes;
  };

  File* file_of(int fd, bool make);
  static void undo(const File& file);
  static std::uint64_t redo(const File& file, const std::function<bool()>& keep);

  std::map<FileId, File> files_;
};

}  // namespace ldt::crashes
