// One connection to PostgreSQL: statements are queued and go out together, in one round trip (libpq's pipeline mode).
// Hides libpq. Nothing throws; errors are values in the classes that a caller treats differently. One thread at a time.
// Invariant: nothing waits longer than ConnectionOptions::patience, so that a dead or frozen server shows; a connection
// that was given up never works again, it must be opened anew.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "platform/postgres/error.h"
#include "platform/postgres/parameters.h"
#include "platform/postgres/rows.h"

struct pg_conn;
struct pg_result;

namespace ldt::postgres {

struct ConnectionOptions {
  /// postgresql://..., as libpq wants it. Several hosts are tried in turn until one can be written to.
  std::string url;
  /// The schema that unqualified names mean; empty: the server's default.
  std::string schema;
  /// Shown in pg_stat_activity.
  std::string application_name;
  /// How long one round trip may take.
  std::chrono::milliseconds patience{10'000};
  /// Transactions are read-only; on the primary all the same, so that they see what has just been written.
  bool read_only = false;
  /// For statements that touch some rows of tables that grow from nothing to millions under plans that are kept: only
  /// plans that go by index are taken, whatever the planner believes of a table that it has not looked at yet.
  bool plans_by_index = false;
};

/// What became of a transaction.
enum class Fate {
  kCommitted,   // durable
  kRolledBack,  // nothing of it happened
  kUnknown,     // the connection was lost in COMMIT: it may have happened
};

struct Committed {
  Fate fate = Fate::kUnknown;
  Error error;             // where it is not kCommitted
  std::vector<Rows> rows;  // where it is: of each statement that was queued, COMMIT's last
};

struct Notification {
  std::string channel;
  std::string payload;
};

class Connection {
 public:
  /// Connects; takes at most some seconds for each host.
  [[nodiscard]] static Result<std::unique_ptr<Connection>> open(const ConnectionOptions& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Puts a statement behind those that wait. It is prepared where this connection sees it for the first time.
  /// @param sql  one statement; a constant that lives as long as the connection, the same text with parameters of the
  ///             same types each time
  void queue(std::string_view sql, const Parameters& parameters = {});
  void queue_begin() { queue("BEGIN"); }
  /// Sends what is queued and waits for all answers: one round trip. Each statement's rows in order. The first error
  /// ends it: what was queued behind has not been run. Outside of BEGIN and COMMIT, all of it is one transaction.
  [[nodiscard]] Result<std::vector<Rows>> flush();
  /// queue() and flush() for one statement.
  [[nodiscard]] Result<Rows> run(std::string_view sql, const Parameters& parameters = {});

  /// Queues COMMIT behind what is queued, and flushes.
  [[nodiscard]] Committed commit();
  /// Drops what is queued and ends the transaction that is open, if any. A lost connection has ended it by itself.
  void rollback();

  /// Runs a script of statements without parameters and rows; in a transaction of its own unless one is open.
  [[nodiscard]] Result<void> script(const std::string& sql);

  /// Waits until something was notified on a channel that this connection LISTENs to, or until the time is over (then
  /// nothing).
  [[nodiscard]] Result<std::vector<Notification>> wait_for_notifications(std::chrono::milliseconds time);

  /// False: it was lost, and every call fails with kConnection.
  [[nodiscard]] bool alive() const { return alive_; }
  /// Longer for what may take long: an audit, a migration.
  void set_patience(std::chrono::milliseconds patience) { patience_ = patience; }

 private:
  struct Prepared {
    std::string name;
    bool known = false;  // to the server; false: it may be
  };
  struct Sent {            // of one message that will be answered
    std::string_view sql;  // of a statement that is being prepared; empty: it is executed
  };
  Connection(pg_conn* handle, const ConnectionOptions& options);
  [[nodiscard]] Result<void> configure(const ConnectionOptions& options);
  [[nodiscard]] Result<void> enter_pipeline();
  [[nodiscard]] const std::string* prepare(std::string_view sql, const Parameters& parameters);
  [[nodiscard]] Result<std::vector<Rows>> receive();
  [[nodiscard]] Result<void> receive_sync();
  /// The next result; nullptr is one that libpq gives between answers.
  [[nodiscard]] Result<pg_result*> next_result();
  [[nodiscard]] Result<void> wait_until_ready(std::chrono::steady_clock::time_point until);
  [[nodiscard]] Result<bool> poll_once(std::chrono::steady_clock::time_point until);
  [[nodiscard]] Error error_of(const pg_result* result);
  [[nodiscard]] Error lost(std::string detail);
  static void on_notice(void* self, const pg_result* notice);

  struct Finish {
    void operator()(pg_conn* handle) const;
  };
  std::unique_ptr<pg_conn, Finish> handle_;
  std::chrono::milliseconds patience_;
  bool alive_ = true;
  bool replication_was_not_awaited_ = false;  // COMMIT came back before the standby had it: somebody ended the wait
  std::unordered_map<std::string_view, Prepared> statements_;
  std::deque<Sent> sent_;
  std::chrono::steady_clock::time_point deadline_;  // of the round trip under way
};

}  // namespace ldt::postgres
