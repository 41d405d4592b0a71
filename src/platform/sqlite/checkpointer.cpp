// Most of the log is copied aside, the rest by the writer.
// Depends on sqlite3 and its rule that a log begins anew with the first commit that finds all of it copied.
#include "platform/sqlite/checkpointer.h"

#include <sqlite3.h>

namespace ldt::sqlite {
namespace {

constexpr int kMostPasses = 4;
constexpr int kFewPages = 64;     // are left to the writer
constexpr int kRetryAfter = 512;  // pages, where a reader still needs the log

/// False where not all is copied: a reader holds on to an older state, or the disk is full or broken. Nothing is lost
/// then, and a later one tries again.
bool checkpoint(sqlite3* handle, int& log_pages) {
  int copied = 0;
  const int code = sqlite3_wal_checkpoint_v2(handle, "main", SQLITE_CHECKPOINT_PASSIVE, &log_pages, &copied);
  return code == SQLITE_OK && copied == log_pages;
}

}  // namespace

Checkpointer::Checkpointer(Database aside, sqlite3* writer, int pages)
    : aside_(std::move(aside)), writer_(writer), start_at_(pages), next_at_(pages), thread_([this] { run(); }) {
  // In place of SQLite's own, which copies all of the log within a COMMIT.
  const auto hook = [](void* self, sqlite3*, const char*, int log_pages) {
    static_cast<Checkpointer*>(self)->committed(log_pages);
    return SQLITE_OK;
  };
  sqlite3_wal_hook(writer_, hook, this);
}

Checkpointer::~Checkpointer() {
  sqlite3_wal_hook(writer_, nullptr, nullptr);
  state_.store(State::kStopping);
  state_.notify_all();
  thread_.join();
}

void Checkpointer::committed(int pages) {
  log_pages_.store(pages, std::memory_order_relaxed);
  const State state = state_.load();
  if (pages < start_at_) {
    next_at_ = start_at_;
    if (state == State::kCopied) state_.store(State::kIdle);
  } else if (state == State::kCopied) {
    int log_pages = 0;
    checkpoint(writer_, log_pages);
    next_at_ = pages + kRetryAfter;
    state_.store(State::kIdle);
  } else if (state == State::kIdle && pages >= next_at_) {
    state_.store(State::kCopying);
    state_.notify_all();
  }
}

void Checkpointer::run() {
  for (State state = state_.load(); state != State::kStopping; state = state_.load()) {
    if (state != State::kCopying) {
      state_.wait(state);
      continue;
    }
    copy();
    state_.compare_exchange_strong(state, State::kCopied);  // unless it shall stop
  }
}

/// Each pass finds what was committed during the one before it, and that is less and less.
void Checkpointer::copy() {
  for (int pass = 0; pass < kMostPasses && state_.load() != State::kStopping; ++pass) {
    int log_pages = 0;
    if (!checkpoint(aside_.handle_.get(), log_pages)) return;
    if (log_pages_.load(std::memory_order_relaxed) - log_pages <= kFewPages) return;
  }
}

}  // namespace ldt::sqlite
