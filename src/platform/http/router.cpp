#include "platform/http/router.h"

#include <utility>

#include "platform/http/problem.h"
#include "platform/http/url.h"

namespace ldt::http {
namespace {

constexpr std::string_view kAny = "{}";

std::string_view take_segment(std::string_view& path) {
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size() == path.size() ? path.size() : segment.size() + 1);
  return segment;
}

/// Compares segment by segment; `found` receives what stands for each "{}", still encoded.
template <class Found>
bool matches(std::string_view pattern, std::string_view path, Found found) {
  if (path.empty() || path.front() != '/') return false;
  pattern.remove_prefix(1);
  path.remove_prefix(1);
  while (true) {
    if (pattern.empty() != path.empty()) return false;
    if (pattern.empty()) return true;
    const bool more_expected = pattern.find('/') != std::string_view::npos;
    if (more_expected != (path.find('/') != std::string_view::npos)) return false;
    const auto expected = take_segment(pattern);
    const auto segment = take_segment(path);
    if (expected == kAny ? segment.empty() : expected != segment) return false;
    if (expected == kAny) found(segment);
    if (!more_expected) return true;
  }
}

bool answers(Method route, Method request) {
  return route == request || (route == Method::kGet && request == Method::kHead);
}

bool decode(Request& request, std::string_view segment) {
  auto decoded = percent_decoded(segment);
  if (decoded) request.parameters.push_back(std::move(*decoded));
  return decoded.has_value();
}

}  // namespace

void Router::add(Method method, std::string_view pattern, Action action) {
  routes_.push_back({method, std::string(pattern), std::move(action)});
}

void Router::dispatch(Request& request, const Responder& responder) const {
  for (const Route& route : routes_) {
    if (!answers(route.method, request.method)) continue;
    bool decodable = true;
    request.parameters.clear();
    if (!matches(route.pattern, request.path, [&](auto segment) { decodable = decode(request, segment) && decodable; }))
      continue;
    request.route = route.pattern;
    if (decodable) return route.action(request, responder);
    return responder.answer(problem_response(problem_type::kBadRequest, "the path is not valid percent-encoding"));
  }
  const std::string methods = allowed(request.path);
  if (methods.empty())
    return responder.answer(problem_response(problem_type::kNotFound, "there is nothing at this path"));
  if (request.method == Method::kOptions) {
    Response response{.status = 204};
    response.add_header("Allow", methods);
    return responder.answer(std::move(response));
  }
  auto response = problem_response(problem_type::kMethodNotAllowed, "this path has: " + methods);
  response.add_header("Allow", methods);
  responder.answer(std::move(response));
}

std::string Router::allowed(std::string_view path) const {
  std::string methods;
  for (const Route& route : routes_) {
    if (!matches(route.pattern, path, [](auto) {})) continue;
    methods.append(to_string(route.method)).append(route.method == Method::kGet ? ", HEAD, " : ", ");
  }
  return methods.empty() ? methods : methods + "OPTIONS";
}

}  // namespace ldt::http
