// Reads PGresult.
// Depends on libpq.
#include "platform/postgres/rows.h"

#include <libpq-fe.h>

#include <charconv>

#include "base/check.h"

namespace ldt::postgres {

void Rows::Clear::operator()(pg_result* result) const { PQclear(result); }

int Rows::size() const { return PQntuples(result_.get()); }

bool Rows::is_null(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }

std::int64_t Rows::integer(int row, int column) const {
  const std::string_view bytes = text(row, column);
  if (bytes.empty()) return 0;
  CHECK(bytes.size() == 1 || bytes.size() == 2 || bytes.size() == 4 || bytes.size() == 8);
  std::uint64_t value = (bytes.front() & 0x80) != 0 ? ~std::uint64_t{0} : 0;
  for (const char byte : bytes) value = (value << 8) | static_cast<unsigned char>(byte);
  return static_cast<std::int64_t>(value);
}

std::string_view Rows::text(int row, int column) const {
  const auto length = static_cast<std::size_t>(PQgetlength(result_.get(), row, column));
  return {PQgetvalue(result_.get(), row, column), length};
}

std::optional<OrderId> Rows::order_id(int row, int column) const { return OrderId::from_bytes(text(row, column)); }

std::int64_t Rows::affected() const {
  const std::string_view count = PQcmdTuples(result_.get());
  std::int64_t value = 0;
  std::from_chars(count.data(), count.data() + count.size(), value);
  return value;
}

std::string_view Rows::command() const { return PQcmdStatus(result_.get()); }

}  // namespace ldt::postgres
