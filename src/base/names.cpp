#include "base/names.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <utf8proc.h>

namespace ldt {
namespace {

constexpr std::size_t kMaxUserCharacters = 128;
constexpr std::size_t kMaxUserBytes = kMaxUserCharacters * 4;
constexpr std::size_t kMaxSkuBytes = 64;

bool is_plain_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

bool is_control(utf8proc_int32_t character) { return utf8proc_category(character) == UTF8PROC_CATEGORY_CC; }

/// Counts the characters; nothing where the bytes are not UTF-8 or a control character is among them.
std::optional<std::size_t> count_characters(std::string_view text) {
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  auto left = static_cast<utf8proc_ssize_t>(text.size());
  std::size_t characters = 0;
  while (left > 0) {
    utf8proc_int32_t character = 0;
    const auto length = utf8proc_iterate(bytes, left, &character);
    if (length <= 0 || is_control(character)) return std::nullopt;
    bytes += length;
    left -= length;
    ++characters;
  }
  return characters;
}

bool is_nfc(std::string_view text) {
  utf8proc_uint8_t* composed = nullptr;
  const auto length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &composed, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(composed, &std::free);
  return length == static_cast<utf8proc_ssize_t>(text.size()) && std::memcmp(composed, text.data(), text.size()) == 0;
}

bool is_sku_character(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-'; }

}  // namespace

std::optional<UserName> UserName::parse(std::string_view text) {
  if (text.empty() || text.size() > kMaxUserBytes) return std::nullopt;
  if (is_plain_ascii(text)) {
    if (text.size() > kMaxUserCharacters) return std::nullopt;
    return UserName(std::string(text));
  }
  const auto characters = count_characters(text);
  if (!characters || *characters > kMaxUserCharacters || !is_nfc(text)) return std::nullopt;
  return UserName(std::string(text));
}

std::optional<Sku> Sku::parse(std::string_view text) {
  if (text.empty() || text.size() > kMaxSkuBytes) return std::nullopt;
  if (!std::all_of(text.begin(), text.end(), is_sku_character)) return std::nullopt;
  return Sku(std::string(text));
}

}  // namespace ldt
