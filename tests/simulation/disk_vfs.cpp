// Shows the simulated disks to SQLite: sqlite3_vfs and sqlite3_io_methods over Disk::File.
// Depends on sqlite3. Locks and shared memory follow the rules of SQLite's own Unix layer, for one process.
#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <new>
#include <stdexcept>
#include <string>

#include "simulation/disk_file.h"

namespace ldt::simulation {

/// An open file. One that outlives its process (`generation`) does nothing any more.
struct Disk::Handle : sqlite3_file {
  Disk* disk;
  std::shared_ptr<File> file;
  std::string name;
  bool delete_on_close;
  int lock;                   // SQLITE_LOCK_*
  unsigned shared_locks = 0;  // of shared memory, a bit each
  unsigned exclusive_locks = 0;
};

namespace {

std::map<std::string, Disk*>& disks() {
  static std::map<std::string, Disk*> all;
  return all;
}

Disk* disk_of(const std::string& name) {
  const auto end = name.rfind('/');
  const auto found = disks().find(name.substr(0, end));
  return found == disks().end() ? nullptr : found->second;
}

}  // namespace

Disk::Disk(std::string folder, Random& random, Tally& tally)
    : folder_(std::move(folder)), random_(random), tally_(tally) {
  disks()[folder_] = this;
}

Disk::~Disk() { disks().erase(folder_); }

/// The functions that SQLite calls.
struct Vfs {
  using Handle = Disk::Handle;
  using File = Disk::File;

  static Handle& of(sqlite3_file* file) { return *static_cast<Handle*>(file); }
  static bool counts(const Handle& handle) {
    const auto& all = handle.file->handles;
    return std::find(all.begin(), all.end(), &handle) != all.end();
  }

  // Files

  static int open(sqlite3_vfs*, const char* path, sqlite3_file* out, int flags, int* out_flags) {
    out->pMethods = nullptr;
    if (path == nullptr) return SQLITE_CANTOPEN;  // temporary files are kept in memory
    const std::string name(path);
    Disk* disk = disk_of(name);
    if (disk == nullptr || disk->dead_) return SQLITE_CANTOPEN;
    auto& slot = disk->files_[name];
    if (slot == nullptr) {
      if ((flags & SQLITE_OPEN_CREATE) == 0) {
        disk->files_.erase(name);
        return SQLITE_CANTOPEN;
      }
      slot = std::make_shared<File>();
    }
    auto* handle = new (out) Handle{};
    handle->disk = disk;
    handle->file = slot;
    handle->name = name;
    handle->delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    handle->pMethods = &methods;
    slot->handles.push_back(handle);
    if (out_flags != nullptr) *out_flags = flags;
    return SQLITE_OK;
  }

  static int close(sqlite3_file* file) {
    Handle& handle = of(file);
    unmap_shared(file, 0);
    std::erase(handle.file->handles, &handle);
    if (handle.delete_on_close) static_cast<void>(handle.disk->remove(handle.name));
    handle.~Handle();
    return SQLITE_OK;
  }

  static int read(sqlite3_file* file, void* out, int size, sqlite3_int64 offset) {
    Handle& handle = of(file);
    if (!counts(handle) || !handle.disk->may_read()) return SQLITE_IOERR_READ;
    const auto& content = handle.file->stored.content;
    const auto begin = static_cast<std::size_t>(offset);
    const auto wanted = static_cast<std::size_t>(size);
    const std::size_t there = begin >= content.size() ? 0 : std::min(wanted, content.size() - begin);
    if (there > 0) std::memcpy(out, content.data() + begin, there);
    if (there == wanted) return SQLITE_OK;
    std::memset(static_cast<char*>(out) + there, 0, wanted - there);
    return SQLITE_IOERR_SHORT_READ;
  }

  static int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
    Handle& handle = of(file);
    if (!counts(handle)) return SQLITE_IOERR_WRITE;
    return handle.disk->write(*handle.file, static_cast<const char*>(bytes), static_cast<std::size_t>(size),
                              static_cast<std::size_t>(offset));
  }

  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    Handle& handle = of(file);
    if (!counts(handle)) return SQLITE_IOERR_TRUNCATE;
    return handle.disk->truncate(*handle.file, static_cast<std::size_t>(size));
  }

  static int sync(sqlite3_file* file, int) {
    Handle& handle = of(file);
    if (!counts(handle)) return SQLITE_IOERR_FSYNC;
    return handle.disk->sync(*handle.file);
  }

  static int size(sqlite3_file* file, sqlite3_int64* out) {
    *out = static_cast<sqlite3_int64>(of(file).file->stored.content.size());
    return SQLITE_OK;
  }

  // Locks on the file

  static int lock(sqlite3_file* file, int wanted) {
    Handle& handle = of(file);
    if (wanted <= handle.lock) return SQLITE_OK;
    for (const Handle* other : handle.file->handles) {
      if (other == &handle) continue;
      const bool refused = wanted == SQLITE_LOCK_SHARED      ? other->lock >= SQLITE_LOCK_PENDING
                           : wanted == SQLITE_LOCK_EXCLUSIVE ? other->lock >= SQLITE_LOCK_SHARED
                                                             : other->lock >= SQLITE_LOCK_RESERVED;
      if (refused && wanted == SQLITE_LOCK_EXCLUSIVE) handle.lock = SQLITE_LOCK_PENDING;
      if (refused) return SQLITE_BUSY;
    }
    handle.lock = wanted;
    return SQLITE_OK;
  }

  static int unlock(sqlite3_file* file, int wanted) {
    of(file).lock = std::min(of(file).lock, wanted);
    return SQLITE_OK;
  }

  static int check_reserved(sqlite3_file* file, int* out) {
    const auto& handles = of(file).file->handles;
    *out = static_cast<int>(std::any_of(handles.begin(), handles.end(),
                                        [](const Handle* handle) { return handle->lock >= SQLITE_LOCK_RESERVED; }));
    return SQLITE_OK;
  }

  static int control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
  static int sector_size(sqlite3_file*) { return 4096; }
  static int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

  // Shared memory

  static int map_shared(sqlite3_file* file, int region, int size, int extend, void volatile** out) {
    Handle& handle = of(file);
    auto& regions = handle.file->shared_memory;
    const auto index = static_cast<std::size_t>(region);
    *out = nullptr;
    if (size != 32 * 1024) return SQLITE_IOERR_SHMSIZE;
    if (handle.disk->dead_ || !counts(handle)) return SQLITE_IOERR_SHMMAP;
    if (index >= regions.size() && extend == 0) return SQLITE_OK;
    while (regions.size() <= index) {
      regions.push_back(std::make_unique<std::array<char, 32 * 1024>>());
      regions.back()->fill(0);
    }
    *out = regions[index]->data();
    return SQLITE_OK;
  }

  static int lock_shared(sqlite3_file* file, int first, int count, int flags) {
    Handle& handle = of(file);
    if (!counts(handle)) return SQLITE_IOERR_SHMLOCK;
    auto& locks = handle.file->shm_locks;
    const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    const auto bit = [](int slot) { return 1U << static_cast<unsigned>(slot); };
    if ((flags & SQLITE_SHM_LOCK) != 0) {
      for (int slot = first; slot < first + count; ++slot) {
        const int held = locks[static_cast<std::size_t>(slot)];
        const bool own = ((exclusive ? handle.exclusive_locks : handle.shared_locks) & bit(slot)) != 0;
        if (!own && (exclusive ? held != 0 : held < 0)) return SQLITE_BUSY;
      }
    }
    for (int slot = first; slot < first + count; ++slot) {
      int& held = locks[static_cast<std::size_t>(slot)];
      unsigned& own = exclusive ? handle.exclusive_locks : handle.shared_locks;
      const bool owns = (own & bit(slot)) != 0;
      if ((flags & SQLITE_SHM_LOCK) != 0 && !owns) {
        held = exclusive ? -1 : held + 1;
        own |= bit(slot);
      } else if ((flags & SQLITE_SHM_UNLOCK) != 0 && owns) {
        held = exclusive ? 0 : held - 1;
        own &= ~bit(slot);
      }
    }
    return SQLITE_OK;
  }

  static void barrier(sqlite3_file*) {}

  static int unmap_shared(sqlite3_file* file, int remove) {
    Handle& handle = of(file);
    if (!counts(handle)) return SQLITE_OK;
    for (int slot = 0; slot < static_cast<int>(File::kShmLocks); ++slot) {
      static_cast<void>(lock_shared(file, slot, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED));
      static_cast<void>(lock_shared(file, slot, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE));
    }
    if (remove != 0) handle.file->shared_memory.clear();
    return SQLITE_OK;
  }

  // The file system

  static int remove(sqlite3_vfs*, const char* path, int) {
    Disk* disk = disk_of(path);
    return disk == nullptr ? SQLITE_IOERR_DELETE : disk->remove(path);
  }

  static int access(sqlite3_vfs*, const char* path, int, int* out) {
    Disk* disk = disk_of(path);
    if (disk == nullptr || disk->dead_) return SQLITE_IOERR_ACCESS;
    *out = static_cast<int>(disk->files_.contains(path));
    return SQLITE_OK;
  }

  static int full_path(sqlite3_vfs*, const char* path, int size, char* out) {
    sqlite3_snprintf(size, out, "%s", path);
    return SQLITE_OK;
  }

  static int randomness(sqlite3_vfs*, int size, char* out) {
    std::memset(out, 7, static_cast<std::size_t>(size));  // the run's seed decides: see Simulation
    return size;
  }
  static int sleep(sqlite3_vfs*, int microseconds) {
    for (auto& [folder, disk] : disks()) disk->spent_us += microseconds;
    return microseconds;
  }
  static int current_time(sqlite3_vfs*, double* out) {
    *out = 2460000.5;
    return SQLITE_OK;
  }
  static int last_error(sqlite3_vfs*, int, char*) { return 0; }

  static const sqlite3_io_methods methods;
};

const sqlite3_io_methods Vfs::methods{2,
                                      Vfs::close,
                                      Vfs::read,
                                      Vfs::write,
                                      Vfs::truncate,
                                      Vfs::sync,
                                      Vfs::size,
                                      Vfs::lock,
                                      Vfs::unlock,
                                      Vfs::check_reserved,
                                      Vfs::control,
                                      Vfs::sector_size,
                                      Vfs::characteristics,
                                      Vfs::map_shared,
                                      Vfs::lock_shared,
                                      Vfs::barrier,
                                      Vfs::unmap_shared,
                                      nullptr,
                                      nullptr};

void Disk::install() {
  sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static sqlite3_vfs vfs{};
  vfs.iVersion = 1;
  vfs.szOsFile = sizeof(Handle);
  vfs.mxPathname = 512;
  vfs.zName = "simulated";
  vfs.xOpen = Vfs::open;
  vfs.xDelete = Vfs::remove;
  vfs.xAccess = Vfs::access;
  vfs.xFullPathname = Vfs::full_path;
  vfs.xRandomness = Vfs::randomness;
  vfs.xSleep = Vfs::sleep;
  vfs.xCurrentTime = Vfs::current_time;
  vfs.xGetLastError = Vfs::last_error;
  if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK) throw std::runtime_error("SQLite does not take the simulated disk");
}

}  // namespace ldt::simulation
