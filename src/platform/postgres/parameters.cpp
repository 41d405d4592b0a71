// Writes values as PostgreSQL's binary format wants them: big-endian, arrays with a header.
// Depends on base only.
#include "platform/postgres/parameters.h"

#include <array>

#include "base/check.h"

namespace ldt::postgres {

namespace {

template <class Integer>
void append_big_endian(std::string& out, Integer value) {
  std::array<char, sizeof(Integer)> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * (bytes.size() - 1 - i)));
  }
  out.append(bytes.data(), bytes.size());
}

void append_with_length(std::string& out, std::string_view bytes) {
  append_big_endian(out, static_cast<std::int32_t>(bytes.size()));
  out.append(bytes);
}

std::uint32_t array_type(Type element) {
  switch (element) {
    case Type::kBoolean:
      return 1000;
    case Type::kBytes:
      return 1001;
    case Type::kInteger:
      return 1016;
    case Type::kText:
      return 1009;
    case Type::kUuid:
      return 2951;
  }
  return 0;
}

}  // namespace

void Array::add(std::int64_t value) {
  CHECK(element_ == Type::kInteger);
  append_big_endian(elements_, std::int32_t{8});
  append_big_endian(elements_, value);
  ++size_;
}

void Array::add(std::string_view value) {
  CHECK(element_ == Type::kText || element_ == Type::kBytes);
  append_with_length(elements_, value);
  ++size_;
}

void Array::add(const OrderId& value) {
  CHECK(element_ == Type::kUuid);
  append_with_length(elements_, value.view());
  ++size_;
}

void Array::add_null() {
  append_big_endian(elements_, std::int32_t{-1});
  has_null_ = true;
  ++size_;
}

void Array::clear() {
  size_ = 0;
  has_null_ = false;
  elements_.clear();
}

void Parameters::begin(std::uint32_t type) {
  types_.push_back(type);
  starts_.push_back(buffer_.size());
}

void Parameters::end() { lengths_.push_back(static_cast<int>(buffer_.size() - starts_.back())); }

Parameters& Parameters::integer(std::int64_t value) {
  begin(static_cast<std::uint32_t>(Type::kInteger));
  append_big_endian(buffer_, value);
  end();
  return *this;
}

Parameters& Parameters::boolean(bool value) {
  begin(static_cast<std::uint32_t>(Type::kBoolean));
  buffer_.push_back(value ? '\1' : '\0');
  end();
  return *this;
}

Parameters& Parameters::text(std::string_view value) {
  begin(static_cast<std::uint32_t>(Type::kText));
  buffer_.append(value);
  end();
  return *this;
}

Parameters& Parameters::bytes(std::string_view value) {
  begin(static_cast<std::uint32_t>(Type::kBytes));
  buffer_.append(value);
  end();
  return *this;
}

Parameters& Parameters::uuid(const OrderId& value) {
  begin(static_cast<std::uint32_t>(Type::kUuid));
  buffer_.append(value.view());
  end();
  return *this;
}

/// Source: array_recv() of PostgreSQL: dimensions, whether there are nulls, the elements' type; for each dimension its
/// size and its first index; the elements.
Parameters& Parameters::array(const Array& array) {
  begin(array_type(array.element_));
  append_big_endian(buffer_, std::int32_t{array.empty() ? 0 : 1});
  append_big_endian(buffer_, std::int32_t{array.has_null_ ? 1 : 0});
  append_big_endian(buffer_, static_cast<std::uint32_t>(array.element_));
  if (!array.empty()) {
    append_big_endian(buffer_, static_cast<std::int32_t>(array.size()));
    append_big_endian(buffer_, std::int32_t{1});
    buffer_.append(array.elements_);
  }
  end();
  return *this;
}

Parameters& Parameters::null(Type type) {
  begin(static_cast<std::uint32_t>(type));
  lengths_.push_back(-1);
  return *this;
}

}  // namespace ldt::postgres
