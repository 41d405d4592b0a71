// An HTTP request as a handler sees it, and the response that it gives back.
// Depends on nothing but the standard library: Beast and Asio stay behind server.h.
// Invariant: a response's header lines never carry a line break that came from a value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ldt::http {

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kOther };

[[nodiscard]] std::string_view to_string(Method method);

struct Header {
  std::string_view name;
  std::string_view value;
};

/// Everything in it is valid until the handler returns: who answers later copies what it needs.
struct Request {
  Method method = Method::kOther;
  std::string_view path;   // as it came, percent-encoded, without the query
  std::string_view query;  // as it came, without the '?'
  std::string_view body;
  std::vector<Header> headers;
  std::vector<std::string> parameters;  // what stands in the route's {}, decoded; set by the router
  std::string_view route;               // the pattern that matched; set by the router

  /// The first header of that name (case does not matter).
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const;
};

namespace content_type {
inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kProblem = "application/problem+json";
inline constexpr std::string_view kHtml = "text/html; charset=utf-8";
inline constexpr std::string_view kMarkdown = "text/markdown; charset=utf-8";
inline constexpr std::string_view kEventStream = "text/event-stream";
}  // namespace content_type

/// Watches a body that goes on after its response has begun. Destroyed when nothing more of it can be sent, however
/// that came about: it ended, the client left or did not read, the server stops.
class BodyWatch {
 public:
  virtual ~BodyWatch() = default;
  /// All that was written so far is on its way to the client. On the server's thread; must not block.
  virtual void drained() = 0;
};

struct Response {
  int status = 200;
  std::string_view content_type = content_type::kJson;  // of static storage
  std::string body;
  std::string header_lines;  // further headers, each ended by CRLF
  /// Refused because there is too much to do: the client's next request on this connection is read a little later, so
  /// that refusing those who ask again at once does not take the time of those who are served.
  bool rests = false;
  /// Set: `body` is only the beginning; the rest comes by Responder::write() and ends by Responder::end().
  std::shared_ptr<BodyWatch> goes_on;

  Response& add_header(std::string_view name, std::string_view value);
};

/// True if both are the same but for ASCII case.
[[nodiscard]] bool equal_ignoring_case(std::string_view left, std::string_view right);
/// Without spaces and tabs at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text);
/// "Not Found", ...
[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace ldt::http
