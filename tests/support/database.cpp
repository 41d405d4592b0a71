#include "support/database.h"

#include <sqlite3.h>

#include <fstream>
#include <memory>
#include <stdexcept>

#include "platform/sqlite/page_checksum.h"

namespace ldt::testing {
namespace {

using Database = std::unique_ptr<sqlite3, decltype(&sqlite3_close)>;
using Statement = std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)>;

Database open(const std::filesystem::path& file) {
  sqlite3* database = nullptr;
  const int result = sqlite3_open_v2(file.c_str(), &database, SQLITE_OPEN_READWRITE, sqlite::checksummed_vfs());
  Database owner(database, &sqlite3_close);
  if (result != SQLITE_OK) throw std::runtime_error("cannot open " + file.string());
  return owner;
}

Statement prepare(sqlite3* database, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
    throw std::runtime_error(sql + ": " + sqlite3_errmsg(database));
  }
  return {statement, &sqlite3_finalize};
}

}  // namespace

int change_database(const std::filesystem::path& file, const std::string& sql, const std::vector<std::string>& texts) {
  const auto database = open(file);
  const auto statement = prepare(database.get(), sql);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    sqlite3_bind_text(statement.get(), static_cast<int>(i) + 1, texts[i].data(), static_cast<int>(texts[i].size()),
                      SQLITE_TRANSIENT);
  }
  int result = SQLITE_ROW;
  while (result == SQLITE_ROW) result = sqlite3_step(statement.get());
  if (result != SQLITE_DONE) throw std::runtime_error(sql + ": " + sqlite3_errmsg(database.get()));
  return sqlite3_changes(database.get());
}

void flip_bit(const std::filesystem::path& file, std::uintmax_t offset) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.exceptions(std::ios::failbit | std::ios::badbit);
  stream.seekg(static_cast<std::streamoff>(offset));
  const auto byte = static_cast<char>(stream.get() ^ 1);
  stream.seekp(static_cast<std::streamoff>(offset));
  stream.put(byte);
}

}  // namespace ldt::testing
