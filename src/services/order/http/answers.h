// Small helpers with which routes answer.
// Pure but for the responder. Invariant: a result becomes text on the HTTP thread, not on the one that produced it.
#pragma once

#include <string>
#include <utility>

#include "platform/http/server.h"
#include "services/order/http/problems.h"
#include "services/order/http/request_headers.h"

namespace ldt::order {

[[nodiscard]] inline http::Response json_response(std::string body, int status = 200) {
  http::Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

/// Marks the answer to a repeated request.
[[nodiscard]] inline http::Response with_replay_mark(http::Response response, bool replayed) {
  if (replayed) response.add_header("Idempotency-Replayed", "true");
  return response;
}

inline void refuse(const http::Responder& responder, const http::Problem& problem) {
  responder.answer(http::to_response(problem));
}

/// A callback that answers: `render(value)` makes the response of a success, the failure's problem is made here.
template <class T, class Render>
[[nodiscard]] PeerCallback<T> answer_peer(http::Responder responder, Render render) {
  return [responder = std::move(responder), render = std::move(render)](PeerResult<T> result) {
    responder.answer_with(
        [result = std::move(result), render]() { return result ? render(*result) : peer_problem(result.error()); });
  };
}

/// The same for the order service's own reads.
template <class T, class Render>
[[nodiscard]] std::function<void(Result<T>)> answer_own(http::Responder responder, Render render) {
  return [responder = std::move(responder), render = std::move(render)](Result<T> result) {
    responder.answer_with(
        [result = std::move(result), render]() { return result ? render(*result) : own_problem(result.error()); });
  };
}

/// The one integer that a small body holds, `{"price": 10}`; a problem otherwise.
[[nodiscard]] Checked<std::int64_t> parse_amount(const http::Request& request, std::string_view member,
                                                 std::int64_t min, std::int64_t max);
/// The problem with the body of a call that takes none; `{}` is none.
[[nodiscard]] std::optional<http::Problem> check_no_body(const http::Request& request);

}  // namespace ldt::order
