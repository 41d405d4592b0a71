// Small files of a data folder, and secrets to put into them.
// Depends on POSIX. Invariant: a file is written whole or not at all, and is readable by its owner only.
#pragma once

#include <string>

#include "base/result.h"

namespace ldt {

/// Without white space at the end; empty where there is no such file.
[[nodiscard]] std::string read_file(const std::string& path);
/// On the disk before it is seen: half a token or version would be worse than none.
[[nodiscard]] Result<void> write_file(const std::string& path, const std::string& text);
/// With mode 0700; also where it is there already.
[[nodiscard]] Result<void> make_folder(const std::string& path);
/// 256 random bits in hexadecimal.
[[nodiscard]] std::string random_secret();

}  // namespace ldt
