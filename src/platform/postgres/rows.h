// What a statement gave back: its rows in binary format, or how many rows it touched.
// Hides PGresult.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/order_id.h"

struct pg_result;

namespace ldt::postgres {

/// Rows and columns count from 0. Views live as long as the Rows. A NULL reads as 0 or empty.
class Rows {
 public:
  explicit Rows(pg_result* result) : result_(result) {}

  [[nodiscard]] int size() const;
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] bool is_null(int row, int column) const;
  /// Of a smallint, integer, bigint, boolean or oid.
  [[nodiscard]] std::int64_t integer(int row, int column) const;
  [[nodiscard]] bool boolean(int row, int column) const { return integer(row, column) != 0; }
  /// Of text or bytea.
  [[nodiscard]] std::string_view text(int row, int column) const;
  /// Of a uuid; nothing where it is NULL or not a UUIDv7.
  [[nodiscard]] std::optional<OrderId> order_id(int row, int column) const;

  /// Rows inserted, updated, deleted or selected.
  [[nodiscard]] std::int64_t affected() const;
  /// "COMMIT", "INSERT 0 1", ...
  [[nodiscard]] std::string_view command() const;

 private:
  struct Clear {
    void operator()(pg_result* result) const;
  };
  std::unique_ptr<pg_result, Clear> result_;
};

}  // namespace ldt::postgres
