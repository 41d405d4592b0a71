#include "services/telemetry/query.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <optional>
#include <semaphore>
#include <vector>

#include "ldt/telemetry/v1/telemetry.grpc.pb.h"
#include "platform/grpc/status.h"

namespace ldt::telemetry_store {
namespace {

namespace pb = ldt::telemetry::v1;

constexpr std::uint32_t kMostLogs = 5'000;
constexpr int kMostSpans = 5'000;
constexpr std::size_t kMostBytes = 8U << 20U;  // of an answer; a page that would be larger is shorter
constexpr std::ptrdiff_t kAtATime = 4;
constexpr std::size_t kIdBytes = 16;

constexpr std::string_view kLogColumns =
    "SELECT log.seq, log.time_us, log.severity, resource.service, log.body, log.trace_id, log.span_id, log.order_id, "
    "log.attributes FROM log CROSS JOIN resource ON resource.id = log.resource WHERE 1";

/// "<generation>.<seq>"
std::string cursor_of(std::int64_t generation, std::int64_t seq) {
  return std::to_string(generation) + "." + std::to_string(seq);
}

struct Cursor {
  std::int64_t generation = 0;
  std::int64_t seq = 0;
};

std::optional<Cursor> parse_cursor(std::string_view text) {
  Cursor cursor;
  const char* end = text.data() + text.size();
  const auto [dot, bad] = std::from_chars(text.data(), end, cursor.generation);
  if (bad != std::errc() || dot == end || *dot != '.') return std::nullopt;
  const auto [rest, worse] = std::from_chars(dot + 1, end, cursor.seq);
  if (worse != std::errc() || rest != end || cursor.seq < 0) return std::nullopt;
  return cursor;
}

/// For LIKE with '\' as the escape.
std::string pattern_for(std::string_view text) {
  std::string pattern = "%";
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + "%";
}

/// A statement that is put together from what is asked for.
class Conditions {
 public:
  void add(std::string_view sql, std::int64_t value) {
    sql_.append(sql);
    numbers_.push_back({++count_, value});
  }
  void add_text(std::string_view sql, std::string value) {
    sql_.append(sql);
    texts_.push_back({++count_, std::move(value)});
  }
  void add_id(std::string_view sql, std::string value) {
    sql_.append(sql);
    ids_.push_back({++count_, std::move(value)});
  }
  [[nodiscard]] Result<sqlite::Statement> prepare(sqlite::Database& database, std::string_view before,
                                                  std::string_view after) const {
    auto statement = database.prepare(std::string(before) + sql_ + std::string(after));
    if (!statement) return statement;
    for (const auto& [parameter, value] : numbers_) statement->bind(parameter, value);
    for (const auto& [parameter, value] : texts_) statement->bind(parameter, value);
    for (const auto& [parameter, value] : ids_) statement->bind(parameter, sqlite::Blob{value});
    return statement;
  }

 private:
  int count_ = 0;
  std::string sql_;
  std::vector<std::pair<int, std::int64_t>> numbers_;
  std::vector<std::pair<int, std::string>> texts_;
  std::vector<std::pair<int, std::string>> ids_;
};

/// Counts what goes into an answer.
class Room {
 public:
  /// True for the first record, whatever its size.
  bool take(const sqlite::Statement& row, std::initializer_list<int> texts) {
    std::size_t bytes = 100;
    for (const int column : texts) bytes += row.text(column).size();
    const bool fits = taken_ == 0 || taken_ + bytes <= kMostBytes;
    if (fits) taken_ += bytes;
    return fits;
  }

 private:
  std::size_t taken_ = 0;
};

constexpr std::initializer_list<int> kLogTexts{4, 8};
constexpr std::initializer_list<int> kSpanTexts{3, 8, 9, 10};

void fill(pb::LogRecord& log, const sqlite::Statement& row) {
  log.set_time_us(row.integer(1));
  log.set_severity(static_cast<int>(row.integer(2)));
  log.set_service(std::string(row.text(3)));
  log.set_body(std::string(row.text(4)));
  log.set_trace_id(std::string(row.blob(5)));
  log.set_span_id(std::string(row.blob(6)));
  log.set_order_id(std::string(row.blob(7)));
  log.set_attributes_json(std::string(row.text(8)));
}

void fill(pb::Span& span, const sqlite::Statement& row) {
  span.set_span_id(std::string(row.blob(0)));
  span.set_parent_span_id(std::string(row.blob(1)));
  span.set_service(std::string(row.text(2)));
  span.set_name(std::string(row.text(3)));
  span.set_kind(static_cast<int>(row.integer(4)));
  span.set_start_us(row.integer(5));
  span.set_duration_us(row.integer(6));
  span.set_status(static_cast<int>(row.integer(7)));
  span.set_status_detail(std::string(row.text(8)));
  span.set_attributes_json(std::string(row.text(9)));
  span.set_links_json(std::string(row.text(10)));
}

template <class Records>
void sort_by_time(Records& records) {
  std::stable_sort(records.begin(), records.end(),
                   [](const auto& a, const auto& b) { return a.time_us() < b.time_us(); });
}

/// What arrived after the cursor; all of it where the cursor is of a file that was moved aside.
Conditions conditions_of(const pb::ListLogsRequest& request, std::int64_t after_seq) {
  Conditions wanted;
  if (after_seq > 0) wanted.add(" AND log.seq > ?", after_seq);
  if (!request.order_id().empty()) wanted.add_id(" AND log.order_id = ?", request.order_id());
  if (!request.trace_id().empty()) wanted.add_id(" AND log.trace_id = ?", request.trace_id());
  if (!request.service().empty()) wanted.add_text(" AND resource.service = ?", request.service());
  if (request.min_severity() > 0) wanted.add(" AND log.severity >= ?", request.min_severity());
  if (request.since_us() > 0) wanted.add(" AND log.time_us >= ?", request.since_us());
  if (!request.text().empty()) {
    wanted.add_text(" AND (log.body || ' ' || log.attributes) LIKE ? ESCAPE '\\'", pattern_for(request.text()));
  }
  return wanted;
}

Result<void> list_logs(sqlite::Database& database, const pb::ListLogsRequest& request, const Cursor& after,
                       pb::ListLogsResponse& response) {
  auto snapshot = sqlite::Transaction::begin_read(database);
  if (!snapshot) return tl::unexpected(snapshot.error());
  const auto generation = database.query_integer("SELECT generation FROM origin");
  if (!generation) return tl::unexpected(generation.error());
  const auto last = database.query_integer("SELECT max(seq) FROM log");
  if (!last) return tl::unexpected(last.error());

  const std::int64_t after_seq = after.generation == *generation ? after.seq : 0;
  Conditions wanted = conditions_of(request, after_seq);
  // The last ones by time, whose batches may have come in another order. What follows is by arrival: nothing is missed.
  wanted.add(request.newest() ? " ORDER BY log.time_us DESC LIMIT ?" : " ORDER BY log.seq LIMIT ?", request.limit());
  auto statement = wanted.prepare(database, kLogColumns, "");
  if (!statement) return tl::unexpected(statement.error());
  std::int64_t highest = after_seq;
  Room room;
  bool full = false;
  for (;;) {
    const auto row = statement->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) break;
    full = !room.take(*statement, kLogTexts);
    if (full) break;
    highest = std::max(highest, statement->integer(0));
    fill(*response.add_logs(), *statement);
  }
  sort_by_time(*response.mutable_logs());
  full = full || static_cast<std::uint32_t>(response.logs_size()) == request.limit();
  const bool more = full && !request.newest();
  response.set_next_cursor(cursor_of(*generation, more ? highest : std::max(after_seq, *last)));
  return {};
}

Result<void> add_spans(sqlite::Database& database, const pb::GetTraceRequest& request, Room& room,
                       pb::GetTraceResponse& response) {
  Conditions wanted;
  wanted.add_id(" WHERE span.trace_id = ?", request.trace_id());
  if (!request.order_id().empty()) {
    wanted.add_id(" AND (span.order_id IS NULL OR span.order_id = ?)", request.order_id());
  }
  wanted.add(" ORDER BY span.start_us, span.duration_us DESC LIMIT ?", kMostSpans);
  auto statement =
      wanted.prepare(database,
                     "SELECT span.span_id, span.parent_span_id, resource.service, span.name, span.kind, span.start_us, "
                     "span.duration_us, span.status, span.status_detail, span.attributes, span.links "
                     "FROM span CROSS JOIN resource ON resource.id = span.resource",
                     "");
  if (!statement) return tl::unexpected(statement.error());
  for (;;) {
    const auto row = statement->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row || !room.take(*statement, kSpanTexts)) return {};
    fill(*response.add_spans(), *statement);
  }
}

Result<void> add_logs(sqlite::Database& database, const pb::GetTraceRequest& request, Room& room,
                      pb::GetTraceResponse& response) {
  Conditions wanted;
  wanted.add_id(" AND log.trace_id = ?", request.trace_id());
  if (!request.order_id().empty()) {
    wanted.add_id(" AND (log.order_id IS NULL OR log.order_id = ?)", request.order_id());
  }
  wanted.add(" ORDER BY log.time_us, log.seq LIMIT ?", kMostLogs);
  auto statement = wanted.prepare(database, kLogColumns, "");
  if (!statement) return tl::unexpected(statement.error());
  for (;;) {
    const auto row = statement->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row || !room.take(*statement, kLogTexts)) return {};
    fill(*response.add_logs(), *statement);
  }
}

class QueryService final : public pb::TelemetryService::Service {
 public:
  explicit QueryService(const Storage& storage) : storage_(storage) {}

  grpc::Status ListLogs(grpc::ServerContext*, const pb::ListLogsRequest* request,
                        pb::ListLogsResponse* response) override {
    if (request->limit() < 1 || request->limit() > kMostLogs) return invalid("limit: 1 to 5000");
    if (!is_id(request->order_id()) || !is_id(request->trace_id())) return invalid("an id has 16 bytes");
    Cursor after;
    if (!request->after().empty()) {
      const auto parsed = parse_cursor(request->after());
      if (!parsed || request->newest()) return invalid("after: not a cursor");
      after = *parsed;
    }
    const auto losses = storage_.losses();
    response->set_dropped(losses.dropped);
    response->set_left_out(losses.left_out);
    return answer([&](sqlite::Database& database) { return list_logs(database, *request, after, *response); });
  }

  grpc::Status GetTrace(grpc::ServerContext*, const pb::GetTraceRequest* request,
                        pb::GetTraceResponse* response) override {
    if (request->trace_id().size() != kIdBytes || !is_id(request->order_id())) return invalid("an id has 16 bytes");
    return answer([&](sqlite::Database& database) -> Result<void> {
      auto snapshot = sqlite::Transaction::begin_read(database);
      if (!snapshot) return tl::unexpected(snapshot.error());
      Room room;
      return add_spans(database, *request, room, *response).and_then([&] {
        return add_logs(database, *request, room, *response);
      });
    });
  }

 private:
  static bool is_id(const std::string& bytes) { return bytes.empty() || bytes.size() == kIdBytes; }
  static grpc::Status invalid(const char* why) { return {grpc::StatusCode::INVALID_ARGUMENT, why}; }

  template <class Read>
  grpc::Status answer(Read read) {
    if (!places_.try_acquire_for(std::chrono::seconds(1))) {
      return {grpc::StatusCode::RESOURCE_EXHAUSTED, "too many questions are waiting"};
    }
    auto database = sqlite::Database::open_reader(storage_.path());
    const Result<void> done = database ? read(*database) : Result<void>(tl::unexpected(database.error()));
    places_.release();
    return done ? grpc::Status::OK : rpc::to_status(done.error());
  }

  const Storage& storage_;
  std::counting_semaphore<kAtATime> places_{kAtATime};
};

}  // namespace

std::unique_ptr<grpc::Service> make_query_service(const Storage& storage) {
  return std::make_unique<QueryService>(storage);
}

std::string query_service_name() { return pb::TelemetryService::service_full_name(); }

}  // namespace ldt::telemetry_store
