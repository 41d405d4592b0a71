// Answers reads beside the writer: a few threads, each with a read-only connection.
// Depends on platform/sqlite. A read sees only what is durable.
// Invariant: a slow read never holds up the writer.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "platform/sqlite/database.h"

namespace ldt::participant {

/// A read-only connection that keeps its statements.
class Reader {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Reader>> open(const std::string& path);
  /// One snapshot for all that is read while it lives.
  [[nodiscard]] Result<sqlite::Transaction> snapshot() { return sqlite::Transaction::begin_read(database_); }
  /// The statement, reset. `sql` must live as long as the reader: use a constant.
  [[nodiscard]] Result<sqlite::Statement*> statement(std::string_view sql);

 private:
  explicit Reader(sqlite::Database database) : database_(std::move(database)) {}
  sqlite::Database database_;
  std::unordered_map<std::string_view, sqlite::Statement> statements_;
};

class Readers {
 public:
  using Work = std::function<void(Reader&)>;
  static constexpr std::size_t kThreads = 2;
  static constexpr std::size_t kMaxQueued = 1024;

  [[nodiscard]] static Result<std::unique_ptr<Readers>> start(const std::string& path);
  ~Readers() { stop(); }

  /// False: too many are waiting, or the readers are stopping; the work will not be done.
  [[nodiscard]] bool submit(Work work);
  /// Finishes what is queued.
  void stop();

 private:
  Readers() = default;
  void run(Reader& reader);

  std::vector<std::unique_ptr<Reader>> connections_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Work> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace ldt::participant
