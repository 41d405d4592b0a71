// Finds the action for a request by its method and path.
// Pure. Invariant: a path that exists under another method answers 405 with Allow, never 404.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/http/message.h"
#include "platform/http/server.h"

namespace ldt::http {

class Router {
 public:
  using Action = std::function<void(Request&, Responder)>;

  /// `pattern` is a path in which "{}" stands for any one segment: "/v1/orders/{}/cancel". A GET also answers HEAD.
  void add(Method method, std::string_view pattern, Action action);

  /// Sets the request's route and parameters and runs the action, or answers 400, 404 or 405 itself.
  void dispatch(Request& request, const Responder& responder) const;

 private:
  struct Route {
    Method method;
    std::string pattern;
    Action action;
  };

  [[nodiscard]] std::string allowed(std::string_view path) const;

  std::vector<Route> routes_;
};

}  // namespace ldt::http
