// Drives libpq in pipeline mode without blocking, so that time can be bounded and large batches cannot dead-lock.
// Depends on libpq and poll().
#include "platform/postgres/connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <initializer_list>
#include <utility>

#include "base/check.h"
#include "platform/postgres/counters.h"

namespace ldt::postgres {

namespace {

using Clock = std::chrono::steady_clock;

std::atomic<std::int64_t> round_trips{0};
std::atomic<std::int64_t> bytes_sent{0};

/// A partition shows within about five seconds, on either side: here by these, at the server by kSession.
constexpr std::array kDefaults{std::pair{"connect_timeout", "3"},  std::pair{"tcp_user_timeout", "4000"},
                               std::pair{"keepalives_idle", "2"},  std::pair{"keepalives_interval", "1"},
                               std::pair{"keepalives_count", "3"}, std::pair{"client_encoding", "UTF8"}};

/// A replica that freezes within a transaction must not hold its locks for long.
constexpr std::string_view kSession =
    "SET client_min_messages = warning; SET idle_in_transaction_session_timeout = '5s'; SET lock_timeout = '5s';"
    " SET tcp_keepalives_idle = 2; SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 3;"
    " SET tcp_user_timeout = 4000; SET jit = off";

constexpr std::string_view kPlansByIndex =
    "; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;"
    " SET plan_cache_mode = force_generic_plan";

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool is_space = c == '\n' || c == '\r' || c == '\t' || c == ' ';
    if (!is_space) line += c;
    if (is_space && !line.empty() && line.back() != ' ') line += ' ';
  }
  if (!line.empty() && line.back() == ' ') line.pop_back();
  return line.empty() ? "no reason was given" : line;
}

bool begins_with_any(std::string_view text, std::initializer_list<std::string_view> beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(), [&](std::string_view b) { return text.starts_with(b); });
}

/// Source: PostgreSQL, appendix A. 25006: this server may not be written to (any more); 25P03: it was idle for too long
/// within a transaction.
ErrorClass classify(std::string_view sqlstate) {
  if (begins_with_any(sqlstate, {"08", "57P", "25006", "25P03"})) return ErrorClass::kConnection;
  if (begins_with_any(sqlstate, {"40", "55P03"})) return ErrorClass::kRetry;
  if (begins_with_any(sqlstate, {"23"})) return ErrorClass::kConstraint;
  return ErrorClass::kOther;
}

std::string quoted(std::string_view name) {
  std::string text = "\"";
  for (const char c : name) text.append(c == '"' ? 2 : 1, c);
  return text + '"';
}

}  // namespace

IoCounts io_counts() { return {round_trips.load(), bytes_sent.load()}; }

void Connection::Finish::operator()(pg_conn* handle) const { PQfinish(handle); }

Connection::Connection(pg_conn* handle, const ConnectionOptions& options)
    : handle_(handle), patience_(options.patience) {
  PQsetNoticeReceiver(handle, &Connection::on_notice, this);
}

Connection::~Connection() = default;

Result<std::unique_ptr<Connection>> Connection::open(const ConnectionOptions& options) {
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  const auto add = [&](const char* keyword, const char* value) {
    keywords.push_back(keyword);
    values.push_back(value);
  };
  for (const auto& [keyword, value] : kDefaults) add(keyword, value);
  add("application_name", options.application_name.c_str());
  add("target_session_attrs", "read-write");
  add("dbname", options.url.c_str());  // what the URL says comes last and counts
  add(nullptr, nullptr);
  constexpr int kExpandUrl = 1;
  pg_conn* handle = PQconnectdbParams(keywords.data(), values.data(), kExpandUrl);
  CHECK(handle != nullptr);
  std::unique_ptr<Connection> connection(new Connection(handle, options));
  if (PQstatus(handle) != CONNECTION_OK) {
    return tl::unexpected(Error{ErrorClass::kConnection, {}, one_line(PQerrorMessage(handle))});
  }
  if (auto done = connection->configure(options); !done) return tl::unexpected(done.error());
  return connection;
}

Result<void> Connection::configure(const ConnectionOptions& options) {
  if (PQsetnonblocking(handle_.get(), 1) != 0) return tl::unexpected(lost(PQerrorMessage(handle_.get())));
  if (auto done = enter_pipeline(); !done) return done;
  std::string session(kSession);
  if (!options.schema.empty()) session += "; SET search_path = " + quoted(options.schema);
  if (options.read_only) session += "; SET default_transaction_read_only = on";
  if (options.plans_by_index) session += kPlansByIndex;
  return script(session);
}

Result<void> Connection::enter_pipeline() {
  if (PQenterPipelineMode(handle_.get()) == 1) return {};
  return tl::unexpected(lost(PQerrorMessage(handle_.get())));
}

// Sending

void Connection::queue(std::string_view sql, const Parameters& parameters) {
  if (!alive_) return;
  const std::string* name = prepare(sql, parameters);
  if (name == nullptr) return;
  std::vector<const char*> values(parameters.size());
  const std::vector<int> formats(parameters.size(), 1);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = parameters.lengths_[i] < 0 ? nullptr : parameters.buffer_.data() + parameters.starts_[i];
  }
  constexpr int kBinary = 1;
  if (PQsendQueryPrepared(handle_.get(), name->c_str(), static_cast<int>(values.size()), values.data(),
                          parameters.lengths_.data(), formats.data(), kBinary) != 1) {
    static_cast<void>(lost(PQerrorMessage(handle_.get())));
    return;
  }
  sent_.push_back({});
  bytes_sent.fetch_add(static_cast<std::int64_t>(parameters.byte_count()), std::memory_order_relaxed);
}

const std::string* Connection::prepare(std::string_view sql, const Parameters& parameters) {
  const auto [place, added] = statements_.try_emplace(sql);
  Prepared& prepared = place->second;
  if (added) prepared.name = "s" + std::to_string(statements_.size());
  if (prepared.known) return &prepared.name;
  const std::string text(sql);
  if (PQsendPrepare(handle_.get(), prepared.name.c_str(), text.c_str(), static_cast<int>(parameters.size()),
                    parameters.types_.data()) != 1) {
    static_cast<void>(lost(PQerrorMessage(handle_.get())));
    return nullptr;
  }
  prepared.known = true;  // unless the answer says otherwise
  sent_.push_back({sql});
  return &prepared.name;
}

Result<std::vector<Rows>> Connection::flush() {
  if (!alive_) return tl::unexpected(lost(PQerrorMessage(handle_.get())));
  if (sent_.empty()) return std::vector<Rows>{};
  deadline_ = Clock::now() + patience_;
  round_trips.fetch_add(1, std::memory_order_relaxed);
  if (PQpipelineSync(handle_.get()) != 1) return tl::unexpected(lost(PQerrorMessage(handle_.get())));
  return receive();
}

Result<Rows> Connection::run(std::string_view sql, const Parameters& parameters) {
  queue(sql, parameters);
  auto rows = flush();
  if (!rows) return tl::unexpected(std::move(rows.error()));
  return std::move(rows->back());
}

Committed Connection::commit() {
  replication_was_not_awaited_ = false;
  queue("COMMIT");
  if (!alive_) {  // COMMIT has not left
    return {Fate::kRolledBack, lost(PQerrorMessage(handle_.get())), {}};
  }
  auto rows = flush();
  if (!rows) {
    const bool was_refused = rows.error().kind != ErrorClass::kConnection || rows.error().sqlstate.starts_with("25");
    return {was_refused ? Fate::kRolledBack : Fate::kUnknown, std::move(rows.error()), {}};
  }
  if (rows->back().command() != "COMMIT") {
    return {Fate::kRolledBack, {ErrorClass::kOther, {}, "the transaction had failed before COMMIT"}, {}};
  }
  if (replication_was_not_awaited_) return {Fate::kUnknown, lost("the wait for the standby was ended by somebody"), {}};
  return {Fate::kCommitted, {}, std::move(*rows)};
}

void Connection::rollback() {
  if (!alive_) return;
  if (!sent_.empty()) static_cast<void>(flush());  // what is in libpq's buffer cannot be taken back
  if (alive_ && PQtransactionStatus(handle_.get()) != PQTRANS_IDLE) static_cast<void>(run("ROLLBACK"));
}

Result<void> Connection::script(const std::string& sql) {
  if (!alive_) return tl::unexpected(lost(PQerrorMessage(handle_.get())));
  CHECK(sent_.empty());
  deadline_ = Clock::now() + patience_;
  round_trips.fetch_add(1, std::memory_order_relaxed);
  if (PQexitPipelineMode(handle_.get()) != 1 || PQsendQuery(handle_.get(), sql.c_str()) != 1) {
    return tl::unexpected(lost(PQerrorMessage(handle_.get())));
  }
  Result<void> outcome;
  for (;;) {
    auto result = next_result();
    if (!result) return tl::unexpected(std::move(result.error()));
    if (*result == nullptr) break;
    const Rows owned(*result);
    const auto status = PQresultStatus(*result);
    if (status == PGRES_FATAL_ERROR && outcome) outcome = tl::unexpected(error_of(*result));
    if (!alive_) return outcome;
  }
  if (auto entered = enter_pipeline(); !entered) return entered;
  return outcome;
}

// Receiving

Result<std::vector<Rows>> Connection::receive() {
  std::vector<Rows> all;
  all.reserve(sent_.size());
  Result<std::vector<Rows>> outcome;
  for (; !sent_.empty(); sent_.pop_front()) {
    const std::string_view prepared = sent_.front().sql;
    auto result = next_result();
    if (!result) return tl::unexpected(outcome ? std::move(result.error()) : std::move(outcome.error()));
    Rows rows(*result);
    const auto status = PQresultStatus(*result);
    const bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (!good && !prepared.empty()) statements_[prepared].known = false;
    if (!good && outcome) outcome = tl::unexpected(error_of(*result));
    if (!alive_) return outcome;
    if (good && prepared.empty()) all.push_back(std::move(rows));
    const auto end = next_result();  // nullptr ends the answer to one message
    if (!end) return tl::unexpected(end.error());
    CHECK(*end == nullptr);
  }
  if (auto synced = receive_sync(); !synced) return tl::unexpected(std::move(synced.error()));
  if (!outcome) return outcome;
  return all;
}

Result<void> Connection::receive_sync() {
  const auto result = next_result();
  if (!result) return tl::unexpected(result.error());
  const Rows owned(*result);
  if (PQresultStatus(*result) == PGRES_PIPELINE_SYNC) return {};
  return tl::unexpected(error_of(*result));
}

Result<pg_result*> Connection::next_result() {
  if (auto ready = wait_until_ready(deadline_); !ready) return tl::unexpected(std::move(ready.error()));
  return PQgetResult(handle_.get());
}

Result<void> Connection::wait_until_ready(Clock::time_point until) {
  while (PQisBusy(handle_.get()) == 1) {
    auto polled = poll_once(until);
    if (!polled) return tl::unexpected(std::move(polled.error()));
    if (!*polled) return tl::unexpected(lost("no answer within " + std::to_string(patience_.count()) + " ms"));
  }
  return {};
}

/// Sends what the socket takes and reads what it has; false: nothing happened until then.
Result<bool> Connection::poll_once(Clock::time_point until) {
  const int unsent = PQflush(handle_.get());
  if (unsent < 0) return tl::unexpected(lost(PQerrorMessage(handle_.get())));
  pollfd socket{PQsocket(handle_.get()), static_cast<short>(unsent == 1 ? POLLIN | POLLOUT : POLLIN), 0};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
  const int happened = ::poll(&socket, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
  if (happened == 0) return false;
  // A TLS record may be larger than what libpq takes at once; the rest of it makes no socket readable.
  const int reads = happened < 0 ? 0 : PQsslInUse(handle_.get()) == 1 ? 3 : 1;
  for (int i = 0; i < reads; ++i) {
    if (PQconsumeInput(handle_.get()) != 1) return tl::unexpected(lost(PQerrorMessage(handle_.get())));
  }
  return true;
}

Result<std::vector<Notification>> Connection::wait_for_notifications(std::chrono::milliseconds time) {
  if (!alive_) return tl::unexpected(lost(PQerrorMessage(handle_.get())));
  const auto until = Clock::now() + time;
  std::vector<Notification> all;
  for (;;) {
    while (PGnotify* notify = PQnotifies(handle_.get())) {
      all.push_back({notify->relname, notify->extra});
      PQfreemem(notify);
    }
    if (!all.empty()) return all;
    auto polled = poll_once(until);
    if (!polled) return tl::unexpected(std::move(polled.error()));
    if (!*polled) return all;
  }
}

// Errors

Error Connection::error_of(const pg_result* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  Error error{ErrorClass::kConnection, state == nullptr ? "" : state,
              one_line(message == nullptr ? PQresultErrorMessage(result) : message)};
  if (!error.sqlstate.empty()) error.kind = classify(error.sqlstate);
  if (PQstatus(handle_.get()) == CONNECTION_BAD) error.kind = ErrorClass::kConnection;
  if (error.kind == ErrorClass::kConnection) alive_ = false;
  return error;
}

/// The connection is not used any more.
Error Connection::lost(std::string detail) {
  alive_ = false;
  return {ErrorClass::kConnection, {}, detail.empty() ? "the connection was lost" : one_line(detail)};
}

/// 57014: the wait for the synchronous standby was cancelled; 57P01: by a shutdown. The transaction is committed here,
/// but a failover may lose it. Source: SyncRepWaitForLSN() of PostgreSQL.
void Connection::on_notice(void* self, const pg_result* notice) {
  const char* state = PQresultErrorField(notice, PG_DIAG_SQLSTATE);
  if (state == nullptr) return;
  const std::string_view sqlstate = state;
  if (sqlstate == "57014" || sqlstate == "57P01") {
    static_cast<Connection*>(self)->replication_was_not_awaited_ = true;
  }
}

}  // namespace ldt::postgres
