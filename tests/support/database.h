// Changes a service's database behind its back, as a broken disk or a careless hand would. The marketplace must be
// down. Depends on SQLite, which stays in database.cpp.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ldt::testing {

/// Runs one statement with text parameters. Throws std::runtime_error if it fails.
/// @return how many rows changed
int change_database(const std::filesystem::path& file, const std::string& sql,
                    const std::vector<std::string>& texts = {});

}  // namespace ldt::testing
