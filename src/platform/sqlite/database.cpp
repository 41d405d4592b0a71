// Statements, transactions and the owner's rules. Only this file, checkpointer.cpp and page_checksum.cpp call sqlite3.
// Depends on sqlite3 and flock(2).
// Invariant: no sqlite3 result code is ignored where it could mean that something was not done.
#include "platform/sqlite/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <thread>

#include "base/check.h"
#include "base/exit_codes.h"
#include "platform/sqlite/checkpointer.h"
#include "platform/sqlite/page_checksum.h"

namespace ldt::sqlite {

namespace {

// One that was killed keeps its lock until all of its threads are gone.
constexpr std::chrono::milliseconds kOwnerLeavesWithin{1'000};

std::string damage(const std::string& path, std::int64_t page) {
  return path + ": damaged: page " + std::to_string(page) + " does not match its checksum";
}

tl::unexpected<Error> describe(sqlite3* handle, const std::string& path) {
  if (sqlite3_extended_errcode(handle) == SQLITE_IOERR_DATA) {
    if (const auto page = last_damaged_page(handle)) return failure(ErrorKind::kInternal, damage(path, *page));
  }
  return failure(ErrorKind::kInternal, path + ": " + sqlite3_errmsg(handle));
}

tl::unexpected<Error> describe(sqlite3_stmt* statement) {
  sqlite3* handle = sqlite3_db_handle(statement);
  const char* file = sqlite3_db_filename(handle, "main");
  return describe(handle, file != nullptr ? file : "?");
}

Result<void> make_parent_folder(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (error) return failure(ErrorKind::kInternal, parent.string() + ": " + error.message());
  return {};
}

}  // namespace

// Statement

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

void Statement::check_bound(int code, int parameter) const {
  if (code == SQLITE_OK) return;
  std::fprintf(stderr, "parameter %d of: %s\n", parameter, sqlite3_sql(handle_.get()));
  CHECK(code == SQLITE_OK);  // a parameter that does not exist, or a statement that was not reset
}

Statement& Statement::bind(int parameter, std::int64_t value) {
  check_bound(sqlite3_bind_int64(handle_.get(), parameter, value), parameter);
  return *this;
}

Statement& Statement::bind(int parameter, std::string_view text) {
  const char* data = text.data() != nullptr ? text.data() : "";  // a null pointer would bind NULL
  check_bound(sqlite3_bind_text64(handle_.get(), parameter, data, text.size(), SQLITE_STATIC, SQLITE_UTF8), parameter);
  return *this;
}

Statement& Statement::bind(int parameter, Blob blob) {
  const char* data = blob.bytes.data() != nullptr ? blob.bytes.data() : "";
  check_bound(sqlite3_bind_blob64(handle_.get(), parameter, data, blob.bytes.size(), SQLITE_STATIC), parameter);
  return *this;
}

Statement& Statement::bind_null(int parameter) {
  check_bound(sqlite3_bind_null(handle_.get(), parameter), parameter);
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    reset();
    return false;
  }
  auto error = describe(handle_.get());
  reset();
  return error;
}

Result<void> Statement::run() {
  for (;;) {
    auto row = step();
    if (!row) return tl::unexpected(std::move(row.error()));
    if (!*row) return {};
  }
}

Result<bool> Statement::run_changed() {
  if (auto done = run(); !done) return tl::unexpected(std::move(done.error()));
  return sqlite3_changes64(sqlite3_db_handle(handle_.get())) > 0;
}

void Statement::reset() { sqlite3_reset(handle_.get()); }  // repeats the error of the last step, already reported

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_.get(), column); }

std::string_view Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  return {data != nullptr ? data : "", static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

std::string_view Statement::blob(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(handle_.get(), column));
  return {data != nullptr ? data : "", static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

bool Statement::is_null(int column) const { return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL; }

// Database

void end_process_in_doubt(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  ::_exit(kCommitInDoubtExitCode);
}

void Database::Close::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }

void Database::StopCheckpoints::operator()(Checkpointer* checkpointer) const { delete checkpointer; }

Database::Lock::~Lock() {
  if (fd >= 0) ::close(fd);
}

tl::unexpected<Error> Database::error() const { return describe(handle_.get(), path_); }

Result<Database> Database::open(const std::string& path, int flags, std::chrono::milliseconds busy_timeout) {
  // Its statistics of memory, which nobody reads, cost a lock for every allocation. Too late once SQLite is at work: so
  // be it.
  static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(configured);
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, checksummed_vfs());
  Database database(path, handle);
  if (code != SQLITE_OK) return database.error();
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, static_cast<int>(busy_timeout.count()));
  return database;
}

Result<Database::Lock> Database::lock(const std::string& path) {
  const std::string name = path + ".lock";
  Lock lock;
  lock.fd = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock.fd < 0) return failure(ErrorKind::kInternal, name + ": " + std::strerror(errno));
  const auto deadline = std::chrono::steady_clock::now() + kOwnerLeavesWithin;
  while (::flock(lock.fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return failure(ErrorKind::kInternal, name + ": " + std::strerror(errno));
    if (std::chrono::steady_clock::now() >= deadline) {
      return failure(ErrorKind::kConflict, path + ": in use by another process");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return lock;
}

Result<Database> Database::open_owner(const std::string& path, const OwnerOptions& options) {
  if (auto made = make_parent_folder(path); !made) return tl::unexpected(made.error());
  auto locked = lock(path);
  if (!locked) return tl::unexpected(locked.error());
  auto database = open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, options.busy_timeout);
  if (!database) return database;
  database->lock_ = std::move(*locked);
  database->in_doubt_ = options.in_doubt;
  if (auto done = database->configure(options); !done) return tl::unexpected(done.error());
  if (auto done = database->make_durable(); !done) return tl::unexpected(done.error());
  if (auto done = database->check_length(); !done) return tl::unexpected(done.error());
  if (auto done = database->migrate(options.migrations); !done) return tl::unexpected(done.error());
  if (auto done = database->start_checkpoints(options); !done) return tl::unexpected(done.error());
  return database;
}

Result<Database> Database::open_reader(const std::string& path) {
  return open(path, SQLITE_OPEN_READONLY, std::chrono::milliseconds(250));
}

Result<void> Database::configure(const OwnerOptions& options) {
  reserve_checksums(handle_.get());
  return execute(
      "PRAGMA page_size=" + std::to_string(kPageBytes) +
      "; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=OFF; PRAGMA temp_store=MEMORY;"
      "PRAGMA secure_delete=ON;"  // else a page that is freed at once is never written, and a hole without a checksum
      "PRAGMA wal_autocheckpoint=" +
      std::to_string(options.wal_autocheckpoint_pages) + "; PRAGMA cache_size=-" + std::to_string(options.cache_kib));
}

/// A process that was killed in its COMMIT, or whose fsync failed there, leaves frames of the write-ahead log that this
/// one reads from the page cache: as good as committed, but not on the disk, and no COMMIT that writes nothing would
/// put them there. So they go into the file itself, synced, before anyone is answered on the strength of them. Then a
/// COMMIT begins the log anew: of the old one, a power cut could leave the part before the lost frames, which would
/// take the file back to before them.
Result<void> Database::make_durable() {
  if (auto done = execute("PRAGMA wal_checkpoint(TRUNCATE)"); !done) return done;
  const auto version = query_integer("PRAGMA user_version");
  if (!version) return tl::unexpected(version.error());
  auto transaction = Transaction::begin(*this);
  if (!transaction) return tl::unexpected(transaction.error());
  if (auto done = execute("PRAGMA user_version=" + std::to_string(*version)); !done) return done;
  if (has_checksums(handle_.get())) {
    if (auto done = execute("PRAGMA application_id=" + std::to_string(kChecksummedApplicationId)); !done) return done;
  }
  transaction->commit();
  return {};
}

/// SQLite itself misses a last page that is cut off in its midst. All of it must be in the file now that the log is
/// empty but for page 1.
Result<void> Database::check_length() {
  if (!has_checksums(handle_.get())) return {};
  const auto pages = query_integer("PRAGMA page_count");
  if (!pages) return tl::unexpected(pages.error());
  if (size_in_bytes(handle_.get()) >= *pages * page_bytes(handle_.get())) return {};
  return failure(ErrorKind::kInternal, path_ + ": damaged: it is cut off");
}

Result<std::vector<std::string>> Database::verify_pages() {
  const auto pages = find_damaged_pages(handle_.get());
  if (!pages) return failure(pages.error().kind, path_ + ": " + pages.error().detail);
  std::vector<std::string> found;
  for (const auto page : *pages) found.push_back(damage(path_, page));
  return found;
}

Result<void> Database::migrate(std::span<const std::string_view> migrations) {
  const auto version = query_integer("PRAGMA user_version");
  if (!version) return tl::unexpected(version.error());
  const auto known = static_cast<std::int64_t>(migrations.size());
  if (*version > known || *version < 0) {
    return failure(ErrorKind::kConflict, path_ + ": has version " + std::to_string(*version) +
                                             ", newer than this program, which knows " + std::to_string(known));
  }
  for (std::int64_t next = *version; next < known; ++next) {
    auto transaction = Transaction::begin(*this);
    if (!transaction) return tl::unexpected(transaction.error());
    if (auto done = execute(migrations[static_cast<std::size_t>(next)]); !done) return done;
    if (auto done = execute("PRAGMA user_version=" + std::to_string(next + 1)); !done) return done;
    transaction->commit();
  }
  return {};
}

/// Last: a migration's log may be copied by the COMMIT.
Result<void> Database::start_checkpoints(const OwnerOptions& options) {
  if (!options.checkpoint_aside) return {};
  auto aside = open(path_, SQLITE_OPEN_READWRITE, options.busy_timeout);
  if (!aside) return tl::unexpected(aside.error());
  if (auto done = aside->execute("PRAGMA synchronous=FULL"); !done) return done;
  if (auto version = aside->query_integer("PRAGMA user_version"); !version) return tl::unexpected(version.error());
  checkpointer_.reset(new Checkpointer(std::move(*aside), handle_.get(), options.wal_autocheckpoint_pages));
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (code != SQLITE_OK) return error();
  return Statement(handle);
}

Result<void> Database::execute(std::string_view sql) {
  const std::string terminated(sql);
  if (sqlite3_exec(handle_.get(), terminated.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return error();
  return {};
}

Result<std::int64_t> Database::query_integer(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return tl::unexpected(statement.error());
  const auto row = statement->step();
  if (!row) return tl::unexpected(row.error());
  return *row ? statement->integer(0) : 0;
}

std::int64_t Database::last_insert_id() const { return sqlite3_last_insert_rowid(handle_.get()); }

// Transaction

Result<Transaction> Transaction::begin(Database& database, std::string_view sql) {
  if (auto begun = database.execute(sql); !begun) return tl::unexpected(begun.error());
  return Transaction(database);
}

void Transaction::commit() {
  Database& database = *std::exchange(database_, nullptr);
  if (auto committed = database.execute("COMMIT"); !committed) {
    database.in_doubt_("COMMIT failed and may have happened; stopping so that recovery finds out: " +
                       committed.error().detail);
    CHECK(!"InDoubt returned after a COMMIT that may have happened");
  }
}

void Transaction::rollback() {
  Database* database = std::exchange(database_, nullptr);
  if (database == nullptr) return;
  sqlite3* handle = database->handle_.get();
  if (sqlite3_get_autocommit(handle) != 0) return;  // SQLite has rolled back already, as it does on a full disk
  if (sqlite3_exec(handle, "ROLLBACK", nullptr, nullptr, nullptr) != SQLITE_OK && sqlite3_get_autocommit(handle) == 0) {
    database->in_doubt_("ROLLBACK failed: " + database->error().value().detail);
  }
}

}  // namespace ldt::sqlite
