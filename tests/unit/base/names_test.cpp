// Names from outside: what may name a user or a SKU, and that two names that look the same are the same bytes.
#include "base/names.h"

#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ldt {
namespace {

std::string repeat(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

struct NameCase {
  const char* what;
  std::string text;
  bool valid;
};

TEST(UserName, IsOneTo128CharactersOfComposedUnicodeWithoutControls) {
  const NameCase rows[] = {
      {"plain", "alice", true},
      {"one character", "a", true},
      {"with spaces and punctuation", "Alice B. O'Neill <a@b.c>", true},
      {"128 ASCII characters", repeat("a", 128), true},
      {"129 ASCII characters", repeat("a", 129), false},
      {"128 characters of two bytes", repeat("\xC3\xA9", 128), true},
      {"129 characters of two bytes", repeat("\xC3\xA9", 129), false},
      {"128 characters of four bytes", repeat("\xF0\x9F\x8E\x93", 128), true},
      {"129 characters of four bytes", repeat("\xF0\x9F\x8E\x93", 129), false},
      {"mixed, 128", "a" + repeat("\xC3\xA9", 127), true},
      {"empty", "", false},
      {"composed accent", "Zo\xC3\xA9", true},
      {"decomposed accent", "Zoe\xCC\x81", false},
      {"angstrom sign, which NFC replaces", "\xE2\x84\xAB", false},
      {"hangul, composed", "\xED\x95\x9C", true},
      {"hangul, decomposed", "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB", false},
      {"NUL", std::string("a\0b", 3), false},
      {"newline", "a\nb", false},
      {"tab", "a\tb", false},
      {"escape", "\x1B[2J", false},
      {"DEL", "a\x7F", false},
      {"C1 control", "a\xC2\x85", false},
      {"C1 control at the upper end", "a\xC2\x9F", false},
      {"no-break space, no control", "a\xC2\xA0", true},
      {"lone continuation byte", "a\x80", false},
      {"cut-off character", "a\xC3", false},
      {"overlong slash", "a\xC0\xAF", false},
      {"surrogate", "a\xED\xA0\x80", false},
      {"beyond U+10FFFF", "a\xF4\x90\x80\x80", false},
      {"byte FF", "a\xFF", false},
  };
  for (const auto& row : rows) EXPECT_EQ(UserName::parse(row.text).has_value(), row.valid) << row.what;
}

TEST(UserName, KeepsItsBytes) { EXPECT_EQ(UserName::parse("Zo\xC3\xA9")->text(), "Zo\xC3\xA9"); }

TEST(Sku, IsOneTo64OfLowerCaseLettersDigitsDotsAndDashes) {
  const NameCase rows[] = {
      {"the seeded one", "late-day", true},
      {"digits and dots", "hw1.v2", true},
      {"64 characters", repeat("x", 64), true},
      {"65 characters", repeat("x", 65), false},
      {"empty", "", false},
      {"upper case", "Late", false},
      {"underscore", "late_day", false},
      {"space", "late day", false},
      {"slash", "late/day", false},
      {"NUL", std::string("a\0", 2), false},
      {"accent", "\xC3\xA9", false},
      {"a dash alone", "-", true},
  };
  for (const auto& row : rows) EXPECT_EQ(Sku::parse(row.text).has_value(), row.valid) << row.what;
}

RC_GTEST_PROP(UserName, NeverAcceptsControlBytesOrTooMuchWhateverItIsGiven, (const std::string& text)) {
  const auto name = UserName::parse(text);
  if (!name) return;
  RC_ASSERT(name->text() == text);
  RC_ASSERT(!text.empty() && text.size() <= 512u);
  for (const char c : text) RC_ASSERT(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
}

RC_GTEST_PROP(Sku, AcceptsExactlyItsAlphabet, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::weightedOneOf<char>(
      {{9, rc::gen::elementOf(std::string("abcz019.-"))}, {1, rc::gen::arbitrary<char>()}}));
  const bool fits = !text.empty() && text.size() <= 64 &&
                    text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") == std::string::npos;
  RC_ASSERT(Sku::parse(text).has_value() == fits);
}

}  // namespace
}  // namespace ldt
