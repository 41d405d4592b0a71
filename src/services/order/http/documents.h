// Documents that are built into the program: the API's description, the console and the pages of the problems.
// Generated from api/openapi.yaml, console/dist/ and docs/errors/ at build time by embed_documents.cpp.
#pragma once

#include <span>
#include <string_view>

namespace ldt::order {

struct ErrorPage {
  std::string_view name;  // of the problem: "unknown-sku"
  std::string_view markdown;
};

/// A file of the console as it was built; those below assets/ have a hash of their content in their names.
struct ConsoleFile {
  std::string_view path;  // "index.html", "assets/index-1a2b3c4d.js"
  std::string_view content_type;
  std::string_view plain;
  std::string_view gzip;  // empty where that would not be smaller
};

/// api/openapi.yaml as JSON.
[[nodiscard]] std::string_view openapi_json();
/// Every page of docs/errors/, README.md under the name "README".
[[nodiscard]] std::span<const ErrorPage> error_pages();
/// Every file of console/dist/.
[[nodiscard]] std::span<const ConsoleFile> console_files();

}  // namespace ldt::order
