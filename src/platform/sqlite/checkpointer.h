// Copies the write-ahead log into the main file on a thread and a connection of its own, so that commits go on
// meanwhile. Depends on sqlite3, which keeps the log until all of it is in the file and synced. Invariant: the log
// begins anew, however many commits there are: what came while it was copied is little, and the writer copies that
// itself.
#pragma once

#include <atomic>
#include <thread>
#include <utility>

#include "platform/sqlite/database.h"

namespace ldt::sqlite {

class Checkpointer {
 public:
  /// @param aside   a connection of its own to the writer's file
  /// @param writer  commits are its own; it outlives this object
  /// @param pages   of the log, from which on it is copied
  Checkpointer(Database aside, sqlite3* writer, int pages);
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;
  /// Waits for a copying that is under way.
  ~Checkpointer();

 private:
  enum class State { kIdle, kCopying, kCopied, kStopping };

  /// Writer's thread: the log has so many pages now.
  void committed(int pages);
  /// The thread.
  void run();
  void copy();

  Database aside_;
  sqlite3* const writer_;
  const int start_at_;
  int next_at_;  // writer's thread only
  std::atomic<int> log_pages_{0};
  std::atomic<State> state_{State::kIdle};
  std::thread thread_;
};

}  // namespace ldt::sqlite
