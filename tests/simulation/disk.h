// A machine's disk in memory, as SQLite sees it: an sqlite3_vfs whose files know what was synced.
// Depends on sqlite3. One thread. What a process wrote stays when it is killed; a power cut drops, keeps or tears each
// write that was not synced. Invariant: after die(), nothing that the process still does reaches the files.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "simulation/random.h"
#include "simulation/tally.h"

namespace ldt::simulation {

/// How likely things go wrong, in thousandths, and how slow they are, in microseconds.
struct DiskFaults {
  std::uint32_t read_fails = 0;   // EIO
  std::uint32_t write_fails = 0;  // EIO, after a part of it was written or none
  std::uint32_t full = 0;         // ENOSPC
  std::uint32_t sync_fails = 0;   // some of the data is on the disk, the rest with the next that succeeds
  std::int64_t write_us = 5;
  std::int64_t sync_us = 200;
};

class Disk {
 public:
  struct File;
  struct Handle;

  /// Serves the files whose names begin with `folder`, which must be unique in the process.
  Disk(std::string folder, Random& random, Tally& tally);
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  DiskFaults faults;
  std::int64_t spent_us = 0;  // by all operations since it was last set to 0

  /// Takes the process away at its n-th write, sync, truncation or deletion from now (1: the next).
  void die_after(std::uint32_t operations) { operations_left_ = operations; }
  void die() { dead_ = true; }
  [[nodiscard]] bool dead() const { return dead_; }
  /// For the next process: it finds what the last one left.
  void revive();
  /// Of the machine: what was not synced is kept, dropped or torn. The process has died before.
  void power_cut();

  /// Makes the simulated file system SQLite's default. Once in a process, before SQLite is used.
  static void install();

 private:
  friend struct Vfs;
  /// False: the process dies at or died before this operation.
  bool may_change();
  bool may_read();
  int write(File& file, const char* bytes, std::size_t size, std::size_t offset);
  int sync(File& file);
  int truncate(File& file, std::size_t size);
  int remove(const std::string& name);

  const std::string folder_;
  Random& random_;
  Tally& tally_;
  std::map<std::string, std::shared_ptr<File>> files_;
  bool dead_ = false;
  std::uint32_t operations_left_ = 0;  // 0: no death is planned
};

}  // namespace ldt::simulation
