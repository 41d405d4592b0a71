// Documents that are built into the program: the API's description and the pages of the problems.
// Generated from api/openapi.yaml and docs/errors/ at build time by embed_documents.cpp.
#pragma once

#include <span>
#include <string_view>

namespace ldt::order {

struct ErrorPage {
  std::string_view name;  // of the problem: "unknown-sku"
  std::string_view markdown;
};

/// api/openapi.yaml as JSON.
[[nodiscard]] std::string_view openapi_json();
/// Every page of docs/errors/, README.md under the name "README".
[[nodiscard]] std::span<const ErrorPage> error_pages();

}  // namespace ldt::order
