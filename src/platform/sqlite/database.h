// One SQLite file: opened, migrated and locked for one owner, or opened read-only beside that owner.
// Hides sqlite3; errors are values that name the file and carry SQLite's own message, or say that it was damaged: the
// pages of the file carry checksums.
// Invariant: a COMMIT that fails ends the process (or what stands for it: InDoubt), because it may have happened;
// nothing else can then be said.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/order_id.h"
#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace ldt::sqlite {

class Checkpointer;

/// A byte string, as opposed to text.
struct Blob {
  std::string_view bytes;
};

/// A prepared statement. Use: `reset()`, `bind(1, x).bind(2, y)`, then `step()` until it says false, or `run()`.
/// Text and blobs are bound without a copy: they must live until the statement is reset or stepped to its end.
/// Must not outlive its Database. One thread at a time.
class Statement {
 public:
  Statement() = default;

  /// Parameters count from 1.
  Statement& bind(int parameter, std::int64_t value);
  Statement& bind(int parameter, std::string_view text);
  Statement& bind(int parameter, Blob blob);
  Statement& bind(int parameter, const OrderId& id) { return bind(parameter, Blob{id.view()}); }
  Statement& bind_null(int parameter);

  /// True: there is a row to read; false: the statement has ended (and has been reset).
  [[nodiscard]] Result<bool> step();
  /// Steps to the end and drops any rows. For INSERT, UPDATE, ...
  [[nodiscard]] Result<void> run();
  /// The same; true where it inserted, updated or deleted a row. Cheaper than RETURNING, for which SQLite makes a
  /// temporary table each time.
  [[nodiscard]] Result<bool> run_changed();
  /// Makes the statement ready to be bound and stepped again; bindings stay until they are overwritten.
  void reset();

  /// Columns of the current row count from 0. Views live until the next step, run or reset.
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] std::string_view blob(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Statement(sqlite3_stmt* handle) : handle_(handle) {}
  void check_bound(int code, int parameter) const;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

/// What an owner does once a COMMIT has failed and may have happened, or a ROLLBACK has failed: only recovery can find
/// out. `what` says it in one line. After a COMMIT it must not return; it may end the process, or throw to whoever runs
/// several owners in one process and takes this one down.
using InDoubt = std::function<void(const std::string& what)>;
/// Prints the line and ends the process with kCommitInDoubtExitCode.
void end_process_in_doubt(const std::string& what);

struct OwnerOptions {
  /// The schema's history: migration i leads from version i to i + 1. Only ever append to it.
  std::span<const std::string_view> migrations;
  /// The log is copied into the file from so many pages on: by the COMMIT that finds it so long, which waits for it, or
  /// aside by a thread of its own.
  int wal_autocheckpoint_pages = 8000;
  bool checkpoint_aside = false;
  int cache_kib = 32 * 1024;
  /// How long to wait for a lock that another process (a person's sqlite3 shell) holds.
  std::chrono::milliseconds busy_timeout{250};
  InDoubt in_doubt = end_process_in_doubt;
};

/// A connection. One thread at a time. Movable; statements made from it stay valid when it is moved.
class Database {
 public:
  /// Opens the file for its one writer, makes it and its folder where they do not exist, and migrates it.
  /// WAL, synchronous=FULL. Holds an advisory lock on `<path>.lock` while open. What it then shows is durable.
  /// Errors: kConflict: another process owns it, or it is of a newer version; kInternal: it cannot be used.
  [[nodiscard]] static Result<Database> open_owner(const std::string& path, const OwnerOptions& options);

  /// Opens the file read-only; may be done many times beside the owner. The file must exist.
  [[nodiscard]] static Result<Database> open_reader(const std::string& path);

  /// Prepares one statement, to be kept and used often.
  [[nodiscard]] Result<Statement> prepare(std::string_view sql);
  /// Runs a script of statements without parameters and rows.
  [[nodiscard]] Result<void> execute(std::string_view sql);
  /// The single integer that a query without parameters gives; 0 where it gives no row or NULL.
  [[nodiscard]] Result<std::int64_t> query_integer(std::string_view sql);
  /// The rowid of the last row inserted.
  [[nodiscard]] std::int64_t last_insert_id() const;

  /// Reads all of the file, past every cache; beside a writer, too. For what nothing else may ever read again.
  /// @return a line for each page that is not as it was written
  [[nodiscard]] Result<std::vector<std::string>> verify_pages();

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  friend class Transaction;
  friend class Checkpointer;
  struct StopCheckpoints {
    void operator()(Checkpointer* checkpointer) const;
  };
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  struct Lock {  // a file descriptor
    Lock() = default;
    Lock(Lock&& other) noexcept : fd(std::exchange(other.fd, -1)) {}
    Lock& operator=(Lock&& other) noexcept {
      std::swap(fd, other.fd);
      return *this;
    }
    ~Lock();
    int fd = -1;
  };

  Database(std::string path, sqlite3* handle) : path_(std::move(path)), handle_(handle) {}
  [[nodiscard]] static Result<Database> open(const std::string& path, int flags,
                                             std::chrono::milliseconds busy_timeout);
  [[nodiscard]] static Result<Lock> lock(const std::string& path);
  [[nodiscard]] Result<void> configure(const OwnerOptions& options);
  [[nodiscard]] Result<void> make_durable();
  [[nodiscard]] Result<void> check_length();
  [[nodiscard]] Result<void> migrate(std::span<const std::string_view> migrations);
  [[nodiscard]] Result<void> start_checkpoints(const OwnerOptions& options);
  [[nodiscard]] tl::unexpected<Error> error() const;

  std::string path_;
  InDoubt in_doubt_ = end_process_in_doubt;
  Lock lock_;  // released after the connection is closed
  std::unique_ptr<sqlite3, Close> handle_;
  std::unique_ptr<Checkpointer, StopCheckpoints> checkpointer_;  // closed first: the last one to close removes the log
};

/// A transaction that rolls back unless it is committed. One at a time on a connection.
class Transaction {
 public:
  /// For a writer: takes the write lock at once, so that nothing but COMMIT can find it taken.
  [[nodiscard]] static Result<Transaction> begin(Database& database) { return begin(database, "BEGIN IMMEDIATE"); }
  /// For a reader: all that is read in it is one snapshot, taken by the first read.
  [[nodiscard]] static Result<Transaction> begin_read(Database& database) { return begin(database, "BEGIN"); }

  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction() { rollback(); }

  /// When this returns, what was written is durable. If COMMIT fails it does not return: the owner's InDoubt is called,
  /// since the commit may have happened (seen on a failing fsync).
  void commit();
  /// Drops what was written. Does nothing after a commit. Statements still being stepped are interrupted.
  void rollback();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  [[nodiscard]] static Result<Transaction> begin(Database& database, std::string_view sql);
  Database* database_;
};

}  // namespace ldt::sqlite
