// A file of the simulated disk: its content, what of it is durable, and SQLite's locks and shared memory on it.
// Private to the disk. Invariant: content = durable with all pending changes applied.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "simulation/disk.h"

namespace ldt::simulation {

struct Disk::File {
  struct Change {
    std::size_t offset = 0;  // of a truncation: the new size
    std::string bytes;
    bool truncates = false;
  };
  struct Stored {
    std::string content;  // what processes see
    std::string durable;  // what a power cut leaves at least
    std::vector<Change> pending;
    bool ever_synced = false;
  };
  Stored stored;

  // What belongs to the processes that have it open, and goes with them.
  static constexpr std::size_t kShmLocks = 8;  // SQLITE_SHM_NLOCK
  std::vector<Handle*> handles;
  std::vector<std::unique_ptr<std::array<char, 32 * 1024>>> shared_memory;
  std::array<int, kShmLocks> shm_locks{};  // -1: exclusive; else how many share it

  void forget_processes() {
    handles.clear();
    shared_memory.clear();
    shm_locks = {};
  }
};

}  // namespace ldt::simulation
