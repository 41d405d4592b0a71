// Writes what arrives: a thread with a bounded queue, a transaction for all that waits.
// Depends on schema.h and retention.h. Invariant: whoever sent something hears of it once it is written (kill -9 loses
// nothing that was acknowledged); beyond the bound INFO is dropped first and counted, WARN and above are refused with
// "try again" when even their room is full.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "services/telemetry/records.h"
#include "services/telemetry/retention.h"
#include "services/telemetry/schema.h"
#include "services/telemetry/series.h"

namespace ldt::telemetry_store {

/// What became of a batch.
struct Verdict {
  bool kept = false;          // false: nothing was written; it may be sent again
  std::uint64_t dropped = 0;  // of a batch that was kept: records for which there was no room
  std::string why;
};

/// Runs once, on the writer's thread or at once.
using Done = std::function<void(const Verdict&)>;

/// Since the processes' start.
struct Losses {
  std::uint64_t dropped = 0;   // here, and by the senders that are known
  std::uint64_t left_out = 0;  // by the senders
};

class Storage {
 public:
  /// Opens the file and starts the thread.
  [[nodiscard]] static Result<std::unique_ptr<Storage>> start(const std::string& path, const Bounds& bounds, Say say);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  void submit(Batch batch, Done done);
  /// Writes what is queued and ends the thread. Idempotent.
  void stop();
  [[nodiscard]] Losses losses() const;
  /// The metrics as they are now, in Prometheus' text format.
  [[nodiscard]] std::string exposition() const { return series_.exposition(clock_.steady()); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  struct Job {
    Batch batch;
    Done done;
    Verdict verdict;
    std::size_t bytes = 0;
  };
  struct File;

  Storage(std::string path, const Bounds& bounds, Say say, std::unique_ptr<File> file);
  [[nodiscard]] bool make_room(Job& job);
  void count(const std::vector<SenderCounts>& counts);
  void run();
  void write(std::vector<Job>& jobs);
  [[nodiscard]] Result<void> write_all(const std::vector<Job>& jobs);
  [[nodiscard]] std::chrono::milliseconds pause() const;
  void tidy();
  void failed(const Error& error);
  void complain(const std::string& text);

  const std::string path_;
  const Retention retention_;
  const Say say_;
  const SystemClock clock_;
  Series series_;
  std::unique_ptr<File> file_;  // the thread's; null while it cannot be opened
  SteadyTime tidy_at_{};
  bool untidy_ = true;  // there may be too much, or what is too old
  SteadyTime complain_at_{};

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Job> queue_;
  std::size_t queued_bytes_ = 0;
  std::uint64_t dropped_ = 0;
  std::map<std::string, SenderCounts> senders_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ldt::telemetry_store
