// A database that a service owns, whose rows the fuzzer writes: every column any value that SQLite lets it hold.
// Depends on sqlite3 and Clang's FuzzedDataProvider. Without fsync, in a folder of its own that lives as long as the
// target.
#pragma once

#include <fuzzer/FuzzedDataProvider.h>
#include <sqlite3.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/require.h"

namespace ldt::fuzz {

/// A folder for databases, in memory where the machine has one there; removed at exit.
inline const std::string& folder() {
  static const std::string& made = *new const std::string([] {  // never destroyed: it is read at exit
    std::string path = std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : "/tmp";
    path += "/ldt-fuzz-XXXXXX";
    REQUIRE(mkdtemp(path.data()) != nullptr);
    std::atexit([] { std::filesystem::remove_all(folder()); });
    return path;
  }());
  return made;
}

/// A connection beside the owner's that writes what no owner would.
class Intruder {
 public:
  explicit Intruder(const std::string& path) {
    REQUIRE(sqlite3_open(path.c_str(), &handle_) == SQLITE_OK);
    run("PRAGMA synchronous=OFF; PRAGMA ignore_check_constraints=ON");
  }
  ~Intruder() { sqlite3_close(handle_); }
  Intruder(const Intruder&) = delete;
  Intruder& operator=(const Intruder&) = delete;

  void run(const std::string& sql) {
    REQUIRE(sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  }

  /// Inserts a row of `columns` values; one that a constraint forbids is left out.
  void insert(const std::string& table, const std::vector<std::string>& usual, FuzzedDataProvider& input) {
    std::string sql = "INSERT OR IGNORE INTO " + table + " VALUES (";
    for (std::size_t i = 0; i < usual.size(); ++i) sql += (i > 0 ? ", " : "") + value(usual[i], input);
    sqlite3_exec(handle_, (sql + ")").c_str(), nullptr, nullptr, nullptr);
  }

 private:
  /// Mostly what is usual in that column, else any integer, text or bytes.
  static std::string value(const std::string& usual, FuzzedDataProvider& input) {
    switch (input.ConsumeIntegralInRange(0, 15)) {
      case 0:
        return "NULL";
      case 1:
        return std::to_string(input.ConsumeIntegral<std::int64_t>());
      case 2:
        return std::to_string(input.ConsumeIntegralInRange<int>(-2, 9));
      case 3:
        return hex(input.ConsumeRandomLengthString(40));
      case 4:
        return "CAST(" + hex(input.ConsumeRandomLengthString(40)) + " AS TEXT)";
      default:
        return usual;
    }
  }
  static std::string hex(std::string_view bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text = "x'";
    for (const char c : bytes) {
      text += kDigits[static_cast<unsigned char>(c) >> 4];
      text += kDigits[static_cast<unsigned char>(c) & 15];
    }
    return text + "'";
  }

  sqlite3* handle_ = nullptr;
};

}  // namespace ldt::fuzz
