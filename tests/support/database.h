// Changes a service's database behind its back: its rows as a careless hand would, with checksums that are right, or
// its bytes as a broken disk would. The marketplace must be down. Depends on SQLite, which stays in database.cpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ldt::testing {

/// Runs one statement with text parameters. Throws std::runtime_error if it fails.
/// @return how many rows changed
int change_database(const std::filesystem::path& file, const std::string& sql,
                    const std::vector<std::string>& texts = {});

/// Flips the lowest bit of one byte.
void flip_bit(const std::filesystem::path& file, std::uintmax_t offset);

}  // namespace ldt::testing
