// What the API reads from a request's header lines and query.
// Pure. Invariant: a malformed Idempotency-Key is an error; a malformed Prefer or traceparent counts as absent, as
// their standards ask.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "base/trace_context.h"
#include "platform/http/message.h"
#include "platform/http/problem.h"
#include "platform/http/url.h"

namespace ldt::order {

template <class T>
using Checked = tl::expected<T, http::Problem>;

inline constexpr std::chrono::seconds kMaxWait{60};

/// 1-255 visible ASCII characters, bare or as a structured-field string ("..."); empty where there is no such header.
[[nodiscard]] Checked<std::string> idempotency_key(const http::Request& request);
/// From `Prefer: wait=N`, at most kMaxWait.
[[nodiscard]] std::optional<std::chrono::seconds> preferred_wait(const http::Request& request);
[[nodiscard]] std::optional<TraceContext> caller_trace(const http::Request& request);
/// The problem, where the body is said to be something else than JSON.
[[nodiscard]] std::optional<http::Problem> check_content_type(const http::Request& request);
/// True where the request bears the token. Takes the same time for every wrong token of the same length.
[[nodiscard]] bool bears_token(const http::Request& request, std::string_view token);

/// Reads a query's parameters; the first mistake is kept.
class QueryReader {
 public:
  explicit QueryReader(const http::Request& request);

  [[nodiscard]] std::optional<std::string> text(std::string_view name);
  [[nodiscard]] std::uint32_t integer(std::string_view name, std::uint32_t min, std::uint32_t max,
                                      std::uint32_t fallback);
  /// The parameter as `parse` reads it; `expected` says what it should have been.
  template <class Parse>
  auto parsed(std::string_view name, Parse parse, std::string_view expected) -> decltype(parse(std::string_view())) {
    const auto value = text(name);
    if (!value) return std::nullopt;
    auto result = parse(std::string_view(*value));
    if (!result) complain(name, expected);
    return result;
  }

  /// The first mistake, parameters that nobody asked for included.
  [[nodiscard]] std::optional<http::Problem> problem();

 private:
  void complain(std::string_view name, std::string_view detail);

  http::QueryParameters parameters_;
  std::optional<http::Problem> problem_;
};

}  // namespace ldt::order
