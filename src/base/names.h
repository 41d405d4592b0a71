// Names that come from outside: users and SKUs. Valid by construction.
// Depends on utf8proc for the normalisation check.
// Invariant: two names that look the same to a reader of Unicode are the same bytes (NFC).
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace ldt {

/// 1-128 characters of UTF-8 in NFC without control characters.
class UserName {
 public:
  UserName() = default;
  [[nodiscard]] static std::optional<UserName> parse(std::string_view text);
  [[nodiscard]] const std::string& text() const { return text_; }
  friend auto operator<=>(const UserName&, const UserName&) = default;

 private:
  explicit UserName(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// 1-64 of a-z 0-9 . -
class Sku {
 public:
  Sku() = default;
  [[nodiscard]] static std::optional<Sku> parse(std::string_view text);
  [[nodiscard]] const std::string& text() const { return text_; }
  friend auto operator<=>(const Sku&, const Sku&) = default;

 private:
  explicit Sku(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace ldt
