// Any bytes as one HTTP request: however the network cuts them up, the parser comes to the same request.
// Depends on platform/http's request parser. The first two bytes say where the cuts are.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

#include "fuzz/require.h"
#include "platform/http/request_parser.h"
#include "platform/http/url.h"

namespace {

using namespace ldt::http;

struct Parsed {
  bool done = false;
  std::string refusal;  // the problem's name; empty: none
  int version = 0;
  std::string text, body;
  std::size_t target_size = 0;
  std::size_t fields = 0;
  Method method = Method::kOther;
  std::size_t consumed = 0;

  friend bool operator==(const Parsed&, const Parsed&) = default;
};

/// As a connection does: hands over what has arrived until it is done or refused; what is not used is offered again
/// with what comes next.
Parsed parse(std::string_view input, const std::vector<std::size_t>& ends, RequestParts& parts) {
  parts.clear();
  const ServerOptions options{.max_header_bytes = 512, .max_body_bytes = 256, .max_target_bytes = 64};
  RequestParser parser(parts, options);
  Parsed parsed;
  for (const std::size_t end : ends) {
    while (parsed.consumed < end && !parsed.done && parsed.refusal.empty()) {
      boost::beast::error_code ec;
      const auto piece = input.substr(parsed.consumed, end - parsed.consumed);
      parsed.consumed += parser.put(boost::asio::buffer(piece.data(), piece.size()), ec);
      if (ec == boost::beast::http::error::need_more) break;
      if (ec) parsed.refusal = parser.problem(ec).name;
      parsed.done = !ec && parser.is_done();
    }
  }
  REQUIRE(parts.body.size() <= options.max_body_bytes);
  REQUIRE(parts.target_size <= options.max_target_bytes);
  parsed.version = parser.version();
  if (!parsed.done) return parsed;
  parsed.text = parts.text;
  parsed.body = parts.body;
  parsed.target_size = parts.target_size;
  parsed.fields = parts.fields.size();
  parsed.method = parts.method;
  return parsed;
}

void check_request(const RequestParts& parts) {
  Request request;
  if (!parts.fill(request)) return;
  REQUIRE(request.path.starts_with('/'));
  REQUIRE(request.path.find('?') == std::string_view::npos);
  REQUIRE(request.headers.size() == parts.fields.size());
  REQUIRE(request.count("Content-Length") <= 1);
  REQUIRE(request.count("Host") <= 1);
  REQUIRE(!(request.header("Content-Length") && request.header("Transfer-Encoding")));  // else two lengths
  for (const auto& [name, value] : request.headers) {
    REQUIRE(!name.empty());
    REQUIRE(value.find_first_of("\r\n") == std::string_view::npos);
  }
}

std::vector<std::size_t> cuts(std::string_view input, unsigned char first, unsigned char second) {
  std::vector<std::size_t> ends{input.empty() ? 0 : first % input.size(), input.empty() ? 0 : second % input.size(),
                                input.size()};
  std::sort(ends.begin(), ends.end());
  return ends;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size < 2) return 0;
  const auto input = ldt::fuzz::text_of(data + 2, size - 2);
  RequestParts parts;
  const Parsed whole = parse(input, {input.size()}, parts);
  if (whole.done) check_request(parts);
  RequestParts cut_parts;
  const Parsed cut = parse(input, cuts(input, data[0], data[1]), cut_parts);
  // Beast measures a header by what has arrived of it: for a few bytes around the limit the cuts decide.
  const auto too_large = [](const Parsed& parsed) { return parsed.refusal == problem_type::kHeaderTooLarge.name; };
  if (too_large(whole) || too_large(cut)) return 0;
  // What is wrong with a request that is not complete may be noticed later; what is complete is the same.
  REQUIRE(whole.done == cut.done);
  if (whole.done) REQUIRE(whole == cut);
  // Nor does a second request behind it change it.
  if (!whole.done) return 0;
  const std::string two = std::string(input.substr(0, whole.consumed)) + "GET / HTTP/1.1\r\nHost: b\r\n\r\n";
  RequestParts first_parts;
  REQUIRE(parse(two, {two.size()}, first_parts) == whole);
  return 0;
}
