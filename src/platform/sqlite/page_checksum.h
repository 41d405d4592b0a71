// Checksums on the pages of a database's main file, which SQLite has for its write-ahead log only: a layer between
// SQLite and its file system (a VFS). Depends on sqlite3.
// Invariant: of a file that has checksums, SQLite never sees a page that is not as it was written there.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"

struct sqlite3;

namespace ldt::sqlite {

/// The name to open databases by. Its first use makes the layer, over what is SQLite's default file system then.
[[nodiscard]] const char* checksummed_vfs();

/// Gives a database that is still empty room for checksums. Any other stays as it is: one that an earlier version made
/// has none, and is not checked.
void reserve_checksums(sqlite3* handle);

/// True where the file's pages carry checksums; known once its header was read or written.
[[nodiscard]] bool has_checksums(sqlite3* handle);

/// The page that was last read and was not as it was written, counted from 1.
[[nodiscard]] std::optional<std::int64_t> last_damaged_page(sqlite3* handle);

/// Reads the whole file, past SQLite's cache; may be done while another connection writes.
/// @return the pages that are not as they were written; none of a file without checksums
[[nodiscard]] Result<std::vector<std::int64_t>> find_damaged_pages(sqlite3* handle);

/// How many bytes a page of a file with checksums has.
[[nodiscard]] int page_bytes(sqlite3* handle);

/// How long the file is. Meant for what a file must have at least: it grows when another connection writes.
[[nodiscard]] std::int64_t size_in_bytes(sqlite3* handle);

/// The second mark, beside the reserved bytes, of a file with checksums: PRAGMA application_id ("LDTc"). Either alone
/// says that there are some, so that no one flipped bit can turn the checking off.
inline constexpr std::int64_t kChecksummedApplicationId = 0x4C445463;
/// How large the pages of a new file are: each commit writes some that it only begins to fill. Files that an earlier
/// version made have pages of 4,096 bytes; no other size has checksums.
inline constexpr int kPageBytes = 2048;

}  // namespace ldt::sqlite
