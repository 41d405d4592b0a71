#include "ldt/client/http_client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace ldt {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

constexpr std::uint64_t kMaxAnswerBytes = 256U << 20;  // an audit may name every order

/// Beast times out asynchronous operations only, so each is started and then run to its end.
class Exchange {
 public:
  explicit Exchange(std::chrono::milliseconds timeout) : deadline_(std::chrono::steady_clock::now() + timeout) {}

  beast::error_code connect(const Address& address) {
    beast::error_code error;
    asio::ip::tcp::resolver resolver(io_);
    const auto endpoints = resolver.resolve(address.host, address.port, error);
    if (error) return error;
    return finish([&](auto done) { stream_.async_connect(endpoints, [done](auto ec, const auto&) { done(ec); }); });
  }

  beast::error_code write(const http::request<http::string_body>& request) {
    return finish([&](auto done) { http::async_write(stream_, request, [done](auto ec, auto) { done(ec); }); });
  }

  beast::error_code read(http::response_parser<http::string_body>& parser) {
    return finish([&](auto done) { http::async_read(stream_, buffer_, parser, [done](auto ec, auto) { done(ec); }); });
  }

 private:
  template <class Start>
  beast::error_code finish(Start start) {
    beast::error_code result;
    stream_.expires_at(deadline_);
    start([&result](beast::error_code error) { result = error; });
    io_.restart();
    io_.run();
    return result;
  }

  std::chrono::steady_clock::time_point deadline_;
  asio::io_context io_{1};
  beast::tcp_stream stream_{io_};
  beast::flat_buffer buffer_;
};

http::request<http::string_body> to_beast(const Address& address, const HttpRequest& request) {
  http::request<http::string_body> out{http::string_to_verb(request.method), request.target, 11};
  out.set(http::field::host, address.text());
  out.set(http::field::user_agent, "ldt");
  out.set(http::field::connection, "close");
  for (const auto& [name, value] : request.headers) out.set(name, value);
  if (!request.body.empty()) out.set(http::field::content_type, "application/json");
  out.body() = request.body;
  out.prepare_payload();
  return out;
}

}  // namespace

Result<HttpResponse> send(const Address& address, const HttpRequest& request) {
  Exchange exchange(request.timeout);
  if (const auto error = exchange.connect(address)) {
    return failure(ErrorKind::kUnavailable, "cannot reach http://" + address.text() + ": " + error.message());
  }
  auto error = exchange.write(to_beast(address, request));
  http::response_parser<http::string_body> parser;
  parser.body_limit(kMaxAnswerBytes);
  if (!error) error = exchange.read(parser);
  if (error) {
    return failure(ErrorKind::kUnknown, "no answer from http://" + address.text() + ": " + error.message());
  }
  return HttpResponse{static_cast<int>(parser.get().result_int()), std::move(parser.get().body())};
}

}  // namespace ldt
