// Connection URLs, without what nobody may see.
// Depends on libpq's own parser.
#pragma once

#include <string>

#include "base/result.h"

namespace ldt::postgres {

/// Error where libpq does not understand `url`; its text is not repeated, since it may hold a password.
[[nodiscard]] ldt::Result<void> check_url(const std::string& url);

/// "db1:5432,db2:5432/ldt": where it leads to, without user and password.
[[nodiscard]] std::string place_of(const std::string& url);

}  // namespace ldt::postgres
