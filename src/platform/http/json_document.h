// Reads JSON strictly: what is ambiguous or surprising elsewhere (repeated members, deep nesting, bad UTF-8) is refused
// or made visible here.
// Hides Boost.JSON. Invariant: a document holds at most kMaxValues values, so no input makes a reader slow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "platform/http/problem.h"

namespace ldt::http {

class JsonDocument;

/// One value of a document that outlives it.
class JsonValue {
 public:
  enum class Kind : std::uint8_t { kNull, kBool, kInteger, kNumber, kString, kArray, kObject };

  [[nodiscard]] Kind kind() const;
  /// kString: its text, unescaped.
  [[nodiscard]] std::string_view text() const;
  /// kInteger: a number written without fraction and exponent; nothing where it does not fit 64 bits.
  [[nodiscard]] std::optional<std::int64_t> integer() const;
  /// Its name in the object it is a member of.
  [[nodiscard]] std::string_view key() const;
  /// An earlier member of the same object has the same name.
  [[nodiscard]] bool repeated() const;
  /// RFC 6901, from the document's root: "/failures/0/step".
  [[nodiscard]] std::string pointer() const;
  /// Elements of an array, members of an object; empty for others.
  [[nodiscard]] std::vector<JsonValue> children() const;

 private:
  friend class JsonDocument;
  JsonValue(const JsonDocument& document, std::uint32_t index) : document_(&document), index_(index) {}

  const JsonDocument* document_;
  std::uint32_t index_;
};

class JsonDocument {
 public:
  static constexpr std::size_t kMaxDepth = 8;
  static constexpr std::size_t kMaxValues = 1024;

  /// @return kInvalid where `text` is not one JSON value, is nested too deep, or has too many values.
  [[nodiscard]] static Result<JsonDocument> parse(std::string_view text);
  [[nodiscard]] JsonValue root() const { return {*this, 0}; }

 private:
  friend class JsonValue;
  friend class JsonBuilder;

  struct Span {
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
  };
  struct Node {
    JsonValue::Kind kind = JsonValue::Kind::kNull;
    bool has_key = false;
    bool repeated = false;
    bool too_large = false;  // an integer that does not fit
    std::uint32_t parent = 0;
    std::uint32_t position = 0;  // among its parent's children
    std::uint32_t end = 0;       // index behind its last descendant
    Span key;
    Span text;
    std::int64_t integer = 0;
  };

  [[nodiscard]] std::string_view view(Span span) const {
    return std::string_view(strings_).substr(span.begin, span.size);
  }

  std::vector<Node> nodes_;  // in document order
  std::string strings_;      // keys and strings, unescaped
};

/// Reads the members of one object, and collects what is wrong with them.
class JsonObjectReader {
 public:
  JsonObjectReader(const JsonValue& object, std::vector<FieldError>& errors);

  /// The member; nothing where it is absent.
  [[nodiscard]] std::optional<JsonValue> find(std::string_view name);
  /// The member's text; an error is noted if it is not a string, or is absent though required.
  [[nodiscard]] std::optional<std::string_view> string(std::string_view name, bool required);
  /// The member's value; an error is noted if it is not an integer within the bounds, or is absent though required.
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view name, bool required, std::int64_t min,
                                                    std::int64_t max);
  /// Notes an error for every member that nobody asked for and for every repetition.
  void refuse_the_rest();
  /// Notes that the member is wrong.
  void complain(std::string_view name, std::string detail);

 private:
  std::string pointer_;
  std::vector<JsonValue> members_;
  std::vector<bool> known_;
  std::vector<FieldError>& errors_;
};

}  // namespace ldt::http
