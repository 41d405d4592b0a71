// A problem as RFC 9457 has it: what a client is told when a request did not do what it asked for.
// Pure. Invariant: `name` is stable and leads to a page: GET /errors/<name>.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "platform/http/message.h"

namespace ldt::http {

/// A kind of problem; there is one page in docs/errors/ for each.
struct ProblemType {
  std::string_view name;   // "invalid-request": `type` is "/errors/invalid-request"
  std::string_view title;  // one line, the same for every occurrence
  int status = 500;
};

/// What is wrong with one part of a request.
struct FieldError {
  std::string pointer;  // JSON pointer into the body, "/failures/0/step"; or, if is_parameter, the name of a query,
  std::string detail;   // path or header parameter
  bool is_parameter = false;
};

struct Problem {
  ProblemType type;
  std::string detail;
  std::vector<FieldError> errors;
  std::string members;  // further members, as JSON text: `"state":"COMPLETED"`
};

[[nodiscard]] Response to_response(const Problem& problem);
/// A response without fields or further members.
[[nodiscard]] Response problem_response(const ProblemType& type, std::string detail);

/// What the server itself refuses, before any handler sees it.
namespace problem_type {
inline constexpr ProblemType kBadRequest{"bad-request", "The request is not valid HTTP", 400};
inline constexpr ProblemType kRequestTimeout{"request-timeout", "The request did not arrive in time", 408};
inline constexpr ProblemType kBodyTooLarge{"body-too-large", "The body is too large", 413};
inline constexpr ProblemType kTargetTooLong{"target-too-long", "The request's target is too long", 414};
inline constexpr ProblemType kExpectationFailed{"expectation-failed", "The expectation cannot be met", 417};
inline constexpr ProblemType kHeaderTooLarge{"header-too-large", "The header is too large", 431};
inline constexpr ProblemType kUnsupportedEncoding{"unsupported-encoding", "The transfer encoding is not supported",
                                                  501};
inline constexpr ProblemType kTooManyConnections{"too-many-connections", "There are too many connections", 503};
inline constexpr ProblemType kInternal{"internal", "The server failed", 500};
inline constexpr ProblemType kNotFound{"not-found", "There is nothing at this path", 404};
inline constexpr ProblemType kMethodNotAllowed{"method-not-allowed", "This path does not have this method", 405};
}  // namespace problem_type

}  // namespace ldt::http
