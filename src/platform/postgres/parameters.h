// A statement's parameters in PostgreSQL's binary format, arrays included.
// Hides libpq's three parallel lists. Depends on base only.
// Invariant: each parameter says its type, so no statement needs a cast to be prepared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/order_id.h"

namespace ldt::postgres {

/// PostgreSQL's numbers of the types that are used (src/include/catalog/pg_type.dat); they never change.
enum class Type : std::uint32_t {
  kBoolean = 16,
  kBytes = 17,
  kInteger = 20,  // bigint
  kText = 25,
  kUuid = 2950,
};

/// A one-dimensional array, for unnest() and ANY(). Elements are appended in order.
class Array {
 public:
  explicit Array(Type element) : element_(element) {}

  void add(std::int64_t value);
  void add(std::string_view value);  // text or bytes
  void add(const OrderId& value);    // uuid
  void add_null();
  /// An element that may be missing.
  template <class T>
  void add(const std::optional<T>& value) {
    if (value) {
      add(*value);
    } else {
      add_null();
    }
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  void clear();

 private:
  friend class Parameters;
  Type element_;
  std::size_t size_ = 0;
  bool has_null_ = false;
  std::string elements_;  // each with its length before it
};

[[nodiscard]] inline Array integers() { return Array(Type::kInteger); }
[[nodiscard]] inline Array texts() { return Array(Type::kText); }
[[nodiscard]] inline Array uuids() { return Array(Type::kUuid); }
[[nodiscard]] inline Array byte_strings() { return Array(Type::kBytes); }

/// `$1`, `$2`, ... in the order in which they are added. Values are copied.
class Parameters {
 public:
  Parameters& integer(std::int64_t value);
  Parameters& boolean(bool value);
  Parameters& text(std::string_view value);
  Parameters& bytes(std::string_view value);
  Parameters& uuid(const OrderId& value);
  Parameters& array(const Array& array);
  Parameters& null(Type type);

  [[nodiscard]] std::size_t size() const { return types_.size(); }
  [[nodiscard]] std::size_t byte_count() const { return buffer_.size(); }

 private:
  friend class Connection;
  void begin(std::uint32_t type);
  void end();

  std::string buffer_;
  std::vector<std::uint32_t> types_;
  std::vector<std::size_t> starts_;
  std::vector<int> lengths_;  // -1: null
};

}  // namespace ldt::postgres
