// Health, the API's description, the pages of the problems, and the first page for people with a browser.
// Invariant: /healthz answers as long as the process serves at all; /readyz only when every part does.
#include <algorithm>
#include <utility>

#include "platform/http/json_writer.h"
#include "services/order/http/answers.h"
#include "services/order/http/api_context.h"
#include "services/order/http/documents.h"

namespace ldt::order {
namespace {

using http::Request;
using http::Responder;
using http::Response;

constexpr std::string_view kFirstPage = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Late-day tokens</title>
<style>body { font: 16px/1.5 system-ui, sans-serif; max-width: 40em; margin: 3em auto; padding: 0 1em }</style>
<h1>Late-day tokens</h1>
<p>A marketplace where students spend credits on tokens; a token buys one day past a deadline. Four services handle an
order as a saga: when a step fails, every step that may have happened is undone.</p>
<ul>
<li><a href="/openapi.json">The API's description</a> (OpenAPI 3.1)</li>
<li><a href="/v1/orders">Orders</a> and <a href="/v1/inventory">inventory</a></li>
<li><a href="/errors">What the problems mean</a></li>
<li><a href="/healthz">Health</a> and <a href="/readyz">readiness</a></li>
</ul>
)";

Response text_response(std::string_view content_type, std::string_view body) {
  Response response;
  response.content_type = content_type;
  response.body = body;
  return response;
}

Response readiness_response(const Readiness& readiness) {
  const auto parts = readiness();
  const bool ready = std::all_of(parts.begin(), parts.end(), [](const auto& part) { return part.second; });
  std::string body = "{\"ready\":";
  http::append_bool(body, ready);
  body += ",\"parts\":{";
  http::Comma comma;
  for (const auto& [name, is_ready] : parts) {
    comma(body);
    http::append_string(body, name);
    body.push_back(':');
    http::append_bool(body, is_ready);
  }
  body += "}}";
  Response response = json_response(std::move(body), ready ? 200 : 503);
  if (!ready) response.add_header("Retry-After", "1");
  return response;
}

Response error_page(std::string_view name) {
  const auto pages = error_pages();
  const auto page =
      std::find_if(pages.begin(), pages.end(), [&](const ErrorPage& candidate) { return candidate.name == name; });
  if (page == pages.end()) {
    return http::problem_response(http::problem_type::kNotFound, "there is no problem of this name");
  }
  return text_response(http::content_type::kMarkdown, page->markdown);
}

}  // namespace

void add_page_routes(http::Router& router, const SharedContext& context) {
  using http::Method;
  router.add(Method::kGet, "/healthz",
             [](const Request&, const Responder& responder) { responder.answer(json_response("{\"alive\":true}")); });
  router.add(Method::kGet, "/readyz", [context](const Request&, const Responder& responder) {
    responder.answer(readiness_response(context->readiness));
  });
  router.add(Method::kGet, "/openapi.json", [](const Request&, const Responder& responder) {
    responder.answer(text_response(http::content_type::kJson, openapi_json()));
  });
  router.add(Method::kGet, "/errors",
             [](const Request&, const Responder& responder) { responder.answer(error_page("README")); });
  router.add(Method::kGet, "/errors/{}", [](const Request& request, const Responder& responder) {
    responder.answer(error_page(request.parameters[0]));
  });
  router.add(Method::kGet, "/", [](const Request&, const Responder& responder) {
    responder.answer(text_response(http::content_type::kHtml, kFirstPage));
  });
}

}  // namespace ldt::order
