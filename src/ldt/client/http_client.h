// One HTTP request, one answer, in the calling thread.
// Hides Boost.Beast. Invariant: kUnavailable means that nothing was sent; kUnknown that it may have been carried out.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "ldt/client/address.h"

namespace ldt {

struct HttpRequest {
  std::string method = "GET";
  std::string target = "/";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // JSON; empty: none
  std::chrono::milliseconds timeout{10'000};
};

struct HttpResponse {
  int status = 0;
  std::string body;
};

/// A connection of its own for each request: what people type needs no pool, and a fresh connection leaves no doubt
/// whether a lost one had been closed before the request.
[[nodiscard]] Result<HttpResponse> send(const Address& address, const HttpRequest& request);

}  // namespace ldt
