// Keeps the files and makes them fail.
// Depends on disk_vfs.cpp, which shows them to SQLite.
#include "simulation/disk.h"

#include <sqlite3.h>

#include <algorithm>

#include "simulation/disk_file.h"

namespace ldt::simulation {

namespace {
constexpr std::size_t kSector = 512;  // what is written of it is written whole

void put(std::string& content, const Disk::File::Change& change) {
  if (change.truncates) {
    content.resize(change.offset);
    return;
  }
  if (content.size() < change.offset + change.bytes.size()) content.resize(change.offset + change.bytes.size());
  std::copy(change.bytes.begin(), change.bytes.end(), content.begin() + static_cast<std::ptrdiff_t>(change.offset));
}

}  // namespace

bool Disk::may_change() {
  if (dead_) return false;
  if (operations_left_ > 0 && --operations_left_ == 0) {
    dead_ = true;
    tally_.count("fault: process dies at a write or sync");
    return false;
  }
  return true;
}

bool Disk::may_read() {
  if (dead_) return false;
  if (!random_.chance(faults.read_fails)) return true;
  tally_.count("fault: read fails");
  return false;
}

int Disk::write(File& file, const char* bytes, std::size_t size, std::size_t offset) {
  const bool was_dead = dead_;
  spent_us += faults.write_us;
  int code = SQLITE_OK;
  std::size_t written = size;
  if (!may_change()) {
    if (was_dead) return SQLITE_IOERR_WRITE;
    code = SQLITE_IOERR_WRITE;
    written = random_.below(size + 1);
  } else if (random_.chance(faults.full)) {
    tally_.count("fault: disk full");
    code = SQLITE_FULL;
    written = 0;
  } else if (random_.chance(faults.write_fails)) {
    tally_.count("fault: write fails");
    code = SQLITE_IOERR_WRITE;
    written = random_.below(size + 1);
  }
  if (written > 0) {
    file.stored.pending.push_back({offset, std::string(bytes, written), false});
    put(file.stored.content, file.stored.pending.back());
  }
  return code;
}

int Disk::truncate(File& file, std::size_t size) {
  if (!may_change()) return SQLITE_IOERR_TRUNCATE;
  spent_us += faults.write_us;
  if (size >= file.stored.content.size()) return SQLITE_OK;
  file.stored.pending.push_back({size, {}, true});
  put(file.stored.content, file.stored.pending.back());
  return SQLITE_OK;
}

int Disk::sync(File& file) {
  if (!may_change()) return SQLITE_IOERR_FSYNC;
  spent_us += faults.sync_us;
  const bool fails = random_.chance(faults.sync_fails);
  // What a failed fsync did not write stays to be written by the next one. (A kernel may take it for clean instead, but
  // SQLite does not survive that: a log that lost a frame for good, checkpointed in part before a power cut.)
  std::erase_if(file.stored.pending, [&](const File::Change& change) {
    const bool is_written = !fails || random_.chance(500);
    if (is_written) put(file.stored.durable, change);
    return is_written;
  });
  file.stored.ever_synced = true;
  if (!fails) return SQLITE_OK;
  tally_.count("fault: fsync fails");
  return SQLITE_IOERR_FSYNC;
}

int Disk::remove(const std::string& name) {
  if (!may_change()) return SQLITE_IOERR_DELETE;
  spent_us += faults.write_us;
  return files_.erase(name) > 0 ? SQLITE_OK : SQLITE_IOERR_DELETE_NOENT;
}

void Disk::revive() {
  dead_ = false;
  operations_left_ = 0;
  for (auto& [name, file] : files_) file->forget_processes();
}

void Disk::power_cut() {
  tally_.count("fault: power cut");
  for (auto file = files_.begin(); file != files_.end();) {
    auto& [content, durable, pending, ever_synced] = file->second->stored;
    if (!ever_synced && random_.chance(500)) {
      file = files_.erase(file);
      continue;
    }
    for (const auto& change : pending) {
      const auto fate = random_.below(3);
      if (fate == 0) tally_.count("fault: an unsynced write is lost");
      if (fate == 0) continue;
      if (fate == 1 || change.truncates) {
        put(durable, change);
        continue;
      }
      tally_.count("fault: an unsynced write is torn");
      for (std::size_t at = 0; at < change.bytes.size(); at += kSector) {
        if (random_.chance(500)) put(durable, {change.offset + at, change.bytes.substr(at, kSector), false});
      }
    }
    pending.clear();
    content = durable;
    ++file;
  }
}

}  // namespace ldt::simulation
