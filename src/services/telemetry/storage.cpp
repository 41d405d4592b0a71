#include "services/telemetry/storage.h"

#include <algorithm>
#include <utility>

namespace ldt::telemetry_store {
namespace {

constexpr std::size_t kRoom = 32U << 20U;             // bytes that wait, ...
constexpr std::size_t kRoomForWarnings = 16U << 20U;  // ... and more of WARN and above
constexpr std::size_t kMostSenders = 256;
constexpr std::size_t kMostResources = 1'000;       // remembered
constexpr std::int64_t kResourcesToSweep = 10'000;  // in the table, before those that nothing refers to go
constexpr std::chrono::seconds kReopenEvery{1};
constexpr std::chrono::seconds kComplainEvery{60};
constexpr std::chrono::milliseconds kTidyAtMostEvery{200};
constexpr std::chrono::milliseconds kTidyAtMost{50};  // then what has arrived meanwhile is written

constexpr const char* kNoRoom = "the store has too much to write";

void bind_id(sqlite::Statement& statement, int parameter, const std::string& id) {
  if (id.empty()) {
    statement.bind_null(parameter);
  } else {
    statement.bind(parameter, sqlite::Blob{id});
  }
}

}  // namespace

/// The open database with its statements.
struct Storage::File {
  explicit File(sqlite::Database opened) : database(std::move(opened)) {}

  [[nodiscard]] static Result<std::unique_ptr<File>> open(const std::string& path, const Say& say) {
    auto database = open_store(path, say);
    if (!database) return tl::unexpected(database.error());
    auto file = std::make_unique<File>(std::move(*database));
    if (auto ready = file->prepare(); !ready) return tl::unexpected(ready.error());
    return file;
  }

  [[nodiscard]] Result<void> prepare() {
    for (const char* table : {"log", "span", "point"}) {
      const auto last = database.query_integer("SELECT max(seq) FROM " + std::string(table));
      if (!last) return tl::unexpected(last.error());
      next_seq = std::max(next_seq, *last + 1);
    }
    const auto set = [this](sqlite::Statement& statement, std::string_view sql) {
      return database.prepare(sql).map([&](sqlite::Statement made) { statement = std::move(made); });
    };
    return set(add_resource, "INSERT OR IGNORE INTO resource(service, attributes) VALUES (?, ?)")
        .and_then([&] { return set(find_resource, "SELECT id FROM resource WHERE service = ? AND attributes = ?"); })
        .and_then([&] { return set(add_log, "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"); })
        .and_then([&] {
          return set(add_span, "INSERT OR IGNORE INTO span VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        })
        .and_then([&] { return set(add_point, "INSERT INTO point VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"); });
  }

  [[nodiscard]] Result<std::int64_t> id_of(const Resource& resource) {
    std::string key = resource.service + '\0' + resource.attributes;
    if (const auto known = resources.find(key); known != resources.end()) return known->second;
    if (auto added = add_resource.bind(1, resource.service).bind(2, resource.attributes).run(); !added) {
      return tl::unexpected(added.error());
    }
    const auto row = find_resource.bind(1, resource.service).bind(2, resource.attributes).step();
    if (!row) return tl::unexpected(row.error());
    const std::int64_t id = find_resource.integer(0);
    find_resource.reset();
    if (resources.size() >= kMostResources) resources.clear();
    resources.emplace(std::move(key), id);
    ++new_resources;
    return id;
  }

  /// Reads everything, and so is done seldom: a sender that is a new one each time would fill the file otherwise.
  [[nodiscard]] Result<void> sweep_resources() {
    if (new_resources < kResourcesToSweep) return {};
    new_resources = 0;
    resources.clear();
    auto transaction = sqlite::Transaction::begin(database);
    if (!transaction) return tl::unexpected(transaction.error());
    auto swept = database.execute(
        "DELETE FROM resource WHERE id NOT IN "
        "(SELECT resource FROM log UNION SELECT resource FROM span UNION SELECT resource FROM point)");
    if (swept) transaction->commit();
    return swept;
  }

  [[nodiscard]] Result<void> insert(const Batch& batch, std::int64_t now_us) {
    std::vector<std::int64_t> ids;
    for (const auto& resource : batch.resources) {
      const auto id = id_of(resource);
      if (!id) return tl::unexpected(id.error());
      ids.push_back(*id);
    }
    Result<void> done;
    for (std::size_t i = 0; done && i < batch.logs.size(); ++i) {
      done = insert(batch.logs[i], ids[batch.logs[i].resource], now_us);
    }
    for (std::size_t i = 0; done && i < batch.spans.size(); ++i) {
      done = insert(batch.spans[i], ids[batch.spans[i].resource], now_us);
    }
    for (std::size_t i = 0; done && i < batch.points.size(); ++i) {
      done = insert(batch.points[i], ids[batch.points[i].resource], now_us);
    }
    return done;
  }

  [[nodiscard]] Result<void> insert(const LogRecord& log, std::int64_t resource, std::int64_t now_us) {
    add_log.bind(1, next_seq++).bind(2, now_us).bind(3, log.time_us).bind(4, std::int64_t{log.severity});
    add_log.bind(5, resource).bind(6, log.body).bind(10, log.attributes);
    bind_id(add_log, 7, log.trace_id);
    bind_id(add_log, 8, log.span_id);
    bind_id(add_log, 9, log.order_id);
    return add_log.run();
  }

  [[nodiscard]] Result<void> insert(const SpanRecord& span, std::int64_t resource, std::int64_t now_us) {
    add_span.bind(1, next_seq++).bind(2, now_us);
    bind_id(add_span, 3, span.trace_id);
    bind_id(add_span, 4, span.span_id);
    bind_id(add_span, 5, span.parent_span_id);
    add_span.bind(6, resource).bind(7, span.name).bind(8, std::int64_t{span.kind}).bind(9, span.start_us);
    add_span.bind(10, span.duration_us).bind(11, std::int64_t{span.status}).bind(12, span.status_detail);
    bind_id(add_span, 13, span.order_id);
    add_span.bind(14, span.attributes).bind(15, span.links);
    return add_span.run();
  }

  [[nodiscard]] Result<void> insert(const PointRecord& point, std::int64_t resource, std::int64_t now_us) {
    add_point.bind(1, next_seq++).bind(2, now_us).bind(3, point.time_us).bind(4, resource).bind(5, point.name);
    add_point.bind(6, point.unit).bind(7, point.kind).bind(8, point.attributes).bind(9, point.value);
    return add_point.run();
  }

  sqlite::Database database;
  sqlite::Statement add_resource, find_resource, add_log, add_span, add_point;
  std::map<std::string, std::int64_t> resources;
  std::int64_t new_resources = 0;  // since they were swept
  std::int64_t next_seq = 1;
};

Result<std::unique_ptr<Storage>> Storage::start(const std::string& path, const Bounds& bounds, Say say) {
  auto file = File::open(path, say);
  if (!file) return tl::unexpected(file.error());
  return std::unique_ptr<Storage>(new Storage(path, bounds, std::move(say), std::move(*file)));
}

Storage::Storage(std::string path, const Bounds& bounds, Say say, std::unique_ptr<File> file)
    : path_(std::move(path)), retention_(bounds), say_(std::move(say)), file_(std::move(file)), thread_([this] {
        run();
      }) {}

Storage::~Storage() { stop(); }

void Storage::submit(Batch batch, Done done) {
  series_.take(batch, clock_.steady());
  Job job{std::move(batch), std::move(done), {}, 0};
  job.verdict.dropped = job.batch.rejected;
  job.verdict.why = job.batch.why;
  {
    const std::lock_guard lock(mutex_);
    count(job.batch.counts);
    if (!stopping_ && make_room(job)) {
      queued_bytes_ += job.bytes;
      queue_.push_back(std::move(job));
      return wake_.notify_one();
    }
  }
  job.done({false, 0, kNoRoom});
}

/// Under the lock. Cuts the job down to what there is room for; false where that is nothing of what matters.
bool Storage::make_room(Job& job) {
  job.bytes = bytes_of(job.batch);
  if (queued_bytes_ + job.bytes <= kRoom) return true;
  const std::uint64_t gone = keep_only_warnings(job.batch);
  job.bytes = bytes_of(job.batch);
  if (!job.batch.empty() && queued_bytes_ + job.bytes > kRoom + kRoomForWarnings) return false;
  job.verdict.dropped += gone;
  if (gone > 0) job.verdict.why = kNoRoom;
  dropped_ += gone;
  return true;
}

void Storage::count(const std::vector<SenderCounts>& counts) {
  for (const auto& sender : counts) {
    if (senders_.size() >= kMostSenders && !senders_.contains(sender.sender)) senders_.erase(senders_.begin());
    senders_[sender.sender] = sender;
  }
}

Losses Storage::losses() const {
  const std::lock_guard lock(mutex_);
  Losses losses{dropped_, 0};
  for (const auto& [name, sender] : senders_) {
    losses.dropped += sender.dropped;
    losses.left_out += sender.left_out;
  }
  return losses;
}

void Storage::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void Storage::run() {
  for (;;) {
    std::vector<Job> jobs;
    bool last = false;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, pause(), [this] { return stopping_ || !queue_.empty(); });
      jobs.swap(queue_);
      queued_bytes_ = 0;
      last = stopping_;
    }
    if (!file_) {
      auto file = File::open(path_, say_);
      if (file) {
        file_ = std::move(*file);
      } else {
        complain(file.error().detail);
      }
    }
    write(jobs);
    tidy();
    if (last) return;
  }
}

std::chrono::milliseconds Storage::pause() const {
  if (!file_) return kReopenEvery;
  return untidy_ ? kTidyAtMostEvery : retention_.interval();
}

void Storage::write(std::vector<Job>& jobs) {
  if (jobs.empty()) return;
  Result<void> written = failure(ErrorKind::kUnavailable, "the store's file cannot be used just now");
  if (file_) {
    untidy_ = true;
    written = write_all(jobs);
    if (!written) failed(written.error());
  }
  for (auto& job : jobs) {
    job.verdict.kept = written.has_value();
    if (!written) job.verdict.why = written.error().detail;
    job.done(job.verdict);
  }
}

Result<void> Storage::write_all(const std::vector<Job>& jobs) try {
  auto transaction = sqlite::Transaction::begin(file_->database);
  if (!transaction) return tl::unexpected(transaction.error());
  const std::int64_t now = clock_.wall().us;
  for (const auto& job : jobs) {
    if (auto inserted = file_->insert(job.batch, now); !inserted) return inserted;
  }
  transaction->commit();
  return {};
} catch (const CommitFailed& failed) {
  return failure(ErrorKind::kInternal, "COMMIT failed:" + failed.what);
}

void Storage::tidy() try {
  const auto now = clock_.steady();
  if (!file_ || now < tidy_at_) return;
  tidy_at_ = now + kTidyAtMostEvery;
  untidy_ = true;
  while (untidy_ && clock_.steady() < now + kTidyAtMost) {
    const auto more = retention_.step(file_->database, clock_.wall());
    if (!more) return failed(more.error());
    untidy_ = *more;
  }
  if (auto swept = file_->sweep_resources(); !swept) failed(swept.error());
} catch (const CommitFailed& in_doubt) {
  failed({ErrorKind::kInternal, "COMMIT failed:" + in_doubt.what});
}

/// The file is opened anew, which finds out what it holds; a damaged one is moved aside.
void Storage::failed(const Error& error) {
  complain(error.detail + "; what was sent will be sent again");
  file_.reset();
  if (!is_damage(error)) return;
  if (auto moved = move_aside(path_, "damaged"); !moved) complain(moved.error().detail);
}

void Storage::complain(const std::string& text) {
  const auto now = clock_.steady();
  if (now < complain_at_) return;
  complain_at_ = now + kComplainEvery;
  say_(text);
}

}  // namespace ldt::telemetry_store
