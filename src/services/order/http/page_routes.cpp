// Health, the API's description, the pages of the problems, and the console for people with a browser.
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

// The console asks this server alone, and no other page may frame it.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

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

/// Whether the client takes gzip; RFC 9110, 12.5.3, by the name of it alone: browsers and curl say `gzip, deflate, br`.
bool takes_gzip(const Request& request) {
  std::string_view rest = request.header("Accept-Encoding").value_or("");
  while (!rest.empty()) {
    const auto coding = http::trimmed(rest.substr(0, rest.find(',')));
    if (http::equal_ignoring_case(coding, "gzip")) return true;
    const auto comma = rest.find(',');
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  }
  return false;
}

Response console_response(const ConsoleFile& file, const Request& request) {
  const bool compressed = !file.gzip.empty() && takes_gzip(request);
  Response response = text_response(file.content_type, compressed ? file.gzip : file.plain);
  if (compressed) response.add_header("Content-Encoding", "gzip");
  response.add_header("Vary", "Accept-Encoding");
  // The name of an asset changes with its content; all else is asked for anew, so that an upgrade shows at once.
  if (file.path.starts_with("assets/")) response.add_header("Cache-Control", "public, max-age=31536000, immutable");
  response.add_header("Content-Security-Policy", kContentSecurityPolicy);
  response.add_header("Referrer-Policy", "no-referrer");
  return response;
}

/// The file of the console, or a problem.
Response console_file(std::string_view path, const Request& request) {
  const auto files = console_files();
  const auto file =
      std::find_if(files.begin(), files.end(), [&](const auto& candidate) { return candidate.path == path; });
  if (file != files.end()) return console_response(*file, request);
  return http::problem_response(http::problem_type::kNotFound, "the console has no such file");
}

/// The console's page finds out from the address itself what to show.
void answer_console_page(const Request& request, const Responder& responder) {
  responder.answer(console_file("index.html", request));
}

/// The pages of the console, so that a link to any of them works, and the files that they need.
void add_console_routes(http::Router& router) {
  using http::Method;
  router.add(Method::kGet, "/", answer_console_page);
  router.add(Method::kGet, "/console", answer_console_page);
  router.add(Method::kGet, "/console/{}", [](const Request& request, const Responder& responder) {
    const auto& name = request.parameters[0];
    const bool is_file = name.find('.') != std::string::npos;
    responder.answer(console_file(is_file ? std::string_view(name) : "index.html", request));
  });
  router.add(Method::kGet, "/console/assets/{}", [](const Request& request, const Responder& responder) {
    responder.answer(console_file("assets/" + request.parameters[0], request));
  });
  router.add(Method::kGet, "/console/{}/{}", answer_console_page);
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
  add_console_routes(router);
}

}  // namespace ldt::order
