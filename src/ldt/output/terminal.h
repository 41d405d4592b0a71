// What goes to the terminal: errors, and colour where there is someone to see it.
// Invariant: no escape sequence where the stream is not a terminal, or where NO_COLOR is set.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>

namespace ldt {

enum class Colour { kNone, kGood, kBad, kWarning, kDim, kBold };

/// The text in that colour for the stream, or as it is.
[[nodiscard]] std::string coloured(std::FILE* stream, Colour colour, std::string_view text);
/// How wide stdout is; 0 where it is no terminal.
[[nodiscard]] std::size_t terminal_columns();
void print(std::string_view text);
/// "ldt: ..." on stderr.
void complain(std::string_view text);

}  // namespace ldt
