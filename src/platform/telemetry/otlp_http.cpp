#include "platform/telemetry/otlp_http.h"

#include <zlib.h>

#include <cstdint>
#include <exception>
#include <future>
#include <mutex>
#include <optional>
#include <thread>

#include <google/protobuf/message.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>

#include "base/clock.h"
#include "platform/telemetry/otlp_json.h"
#include "platform/telemetry/retry.h"

namespace ldt::telemetry {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace ssl = asio::ssl;
using asio::ip::tcp;
using Clock = std::chrono::steady_clock;
using Request = http::request<http::string_body>;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

/// How often it is looked whether it is time to stop.
constexpr std::chrono::milliseconds kSlice{50};
constexpr std::uint64_t kLongestAnswer = 1 << 20;

std::string zipped(const std::string& bytes) {
  z_stream stream{};
  constexpr int kGzip = 16;
  constexpr int kMemory = 8;
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzip + MAX_WBITS, kMemory, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib only reads it
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

/// What a connection says that its peer closed while it was idle.
bool was_closed(const boost::system::error_code& error) {
  return error == http::error::end_of_stream || error == asio::error::eof || error == asio::error::connection_reset ||
         error == asio::error::broken_pipe || error == ssl::error::stream_truncated;
}

Answer no_answer(const std::exception_ptr& problem) {
  try {
    std::rethrow_exception(problem);
  } catch (const boost::system::system_error& error) {
    if (error.code() == beast::error::timeout) {
      return {.status = {grpc::StatusCode::DEADLINE_EXCEEDED, "no answer in time"}, .again = true};
    }
    return {.status = {grpc::StatusCode::UNAVAILABLE, error.code().message()}, .again = true};
  } catch (const std::exception& error) {
    return {.status = {grpc::StatusCode::INTERNAL, error.what()}};
  }
}

/// The specification's list of answers upon which the same request may be sent again.
bool is_passing(unsigned status) { return status == 429 || status == 502 || status == 503 || status == 504; }

}  // namespace

class HttpConnection::Impl {
 public:
  Impl(HttpOptions options, StopSwitch& stop) : options_(std::move(options)), stop_(stop) {
    try {
      prepare();
    } catch (const std::exception& error) {
      unusable_ = error.what();
    }
  }

  [[nodiscard]] const std::string& unusable() const { return unusable_; }

  Answer call(const google::protobuf::Message& message, google::protobuf::Message& response) {
    const std::lock_guard lock(mutex_);
    if (stop_.stopped()) return {.status = {grpc::StatusCode::CANCELLED, "stopping"}};
    const Request request = request_with(message);
    const bool reused = connected_;
    auto problem = exchange(request);
    if (problem && reused && is_closed(problem)) problem = exchange(request);
    if (problem) return no_answer(problem);
    return judge(response);
  }

 private:
  void prepare() {
    const auto url = boost::urls::parse_uri(options_.url);
    if (!url || url->host().empty() || (url->scheme() != "http" && url->scheme() != "https"))
      throw std::runtime_error("it is not an http:// or https:// address");
    host_ = url->host_name().empty() ? url->host_address() : url->host_name();
    const bool tls = url->scheme() == "https";
    port_ = url->has_port() ? std::string(url->port()) : tls ? "443" : "80";
    authority_ = std::string(url->encoded_host_and_port());
    target_ = url->encoded_target().empty() ? "/" : std::string(url->encoded_target());
    if (tls) prepare_tls();
  }

  void prepare_tls() {
    tls_.emplace(ssl::context::tls_client);
    tls_->set_verify_mode(ssl::verify_peer);
    if (options_.ca_file.empty()) {
      tls_->set_default_verify_paths();
    } else {
      tls_->load_verify_file(options_.ca_file);
    }
    if (options_.certificate_file.empty()) return;
    tls_->use_certificate_chain_file(options_.certificate_file);
    tls_->use_private_key_file(options_.key_file, ssl::context::pem);
  }

  [[nodiscard]] Request request_with(const google::protobuf::Message& message) const {
    Request request{http::verb::post, target_, 11};
    request.set(http::field::host, authority_);
    request.set(http::field::user_agent, "ldt");
    for (const auto& [name, value] : options_.headers) request.set(name, value);
    request.set(http::field::content_type, options_.json ? "application/json" : "application/x-protobuf");
    request.body() = options_.json ? to_otlp_json(message) : message.SerializeAsString();
    if (options_.gzip) {
      request.set(http::field::content_encoding, "gzip");
      request.body() = zipped(request.body());
    }
    request.prepare_payload();
    return request;
  }

  /// @return why there is no answer; nothing where there is one, in answer_
  std::exception_ptr exchange(const Request& request) {
    std::exception_ptr problem;
    bool done = false;
    const auto deadline = Clock::now() + options_.timeout;
    try {
      if (!connected_) addresses_ = look_up(deadline);
      asio::co_spawn(io_, run(request, deadline), [&](std::exception_ptr error) {
        problem = std::move(error);
        done = true;
      });
      io_.restart();
      while (!done) {
        io_.run_for(kSlice);
        if (!done && stream_ && stop_.stopped()) beast::get_lowest_layer(stream()).cancel();
      }
    } catch (const std::exception&) {
      problem = std::current_exception();
    }
    if (problem) connected_ = false;
    return problem;
  }

  /// On a thread of its own, which is left behind when it is time to go: nothing else ends a look-up.
  tcp::resolver::results_type look_up(Clock::time_point deadline) {
    auto promise = std::make_shared<std::promise<tcp::resolver::results_type>>();
    auto found = promise->get_future();
    std::thread([promise, host = host_, port = port_] {
      try {
        asio::io_context io;
        promise->set_value(tcp::resolver(io).resolve(host, port));
      } catch (const std::exception&) {
        promise->set_exception(std::current_exception());
      }
    }).detach();
    while (found.wait_for(kSlice) != std::future_status::ready) {
      if (Clock::now() < deadline && !stop_.stopped()) continue;
      throw boost::system::system_error(make_error_code(beast::error::timeout));
    }
    return found.get();
  }

  /// Plain HTTP goes over the same object: its lowest layer.
  TlsStream& stream() { return *stream_; }

  asio::awaitable<void> run(const Request& request, Clock::time_point deadline) {
    if (!connected_) co_await connect(deadline);
    auto& lowest = beast::get_lowest_layer(stream());
    lowest.expires_at(deadline);
    if (tls_) {
      co_await talk(stream(), request);
    } else {
      co_await talk(lowest, request);
    }
    lowest.expires_never();
    connected_ = answer_->get().keep_alive();
  }

  asio::awaitable<void> connect(Clock::time_point deadline) {
    stream_.emplace(io_, tls_ ? *tls_ : plain_);
    buffer_.clear();
    auto& lowest = beast::get_lowest_layer(stream());
    lowest.expires_at(deadline);
    co_await lowest.async_connect(addresses_, asio::use_awaitable);
    lowest.socket().set_option(tcp::no_delay(true));
    if (!tls_) co_return;
    SSL_set_tlsext_host_name(stream().native_handle(), host_.c_str());
    stream().set_verify_callback(ssl::host_name_verification(host_));
    co_await stream().async_handshake(ssl::stream_base::client, asio::use_awaitable);
  }

  template <class Stream>
  asio::awaitable<void> talk(Stream& stream, const Request& request) {
    co_await http::async_write(stream, request, asio::use_awaitable);
    answer_.emplace();
    answer_->body_limit(kLongestAnswer);
    co_await http::async_read(stream, buffer_, *answer_, asio::use_awaitable);
  }

  static bool is_closed(const std::exception_ptr& problem) {
    try {
      std::rethrow_exception(problem);
    } catch (const boost::system::system_error& error) {
      return was_closed(error.code());
    } catch (const std::exception&) {
      return false;
    }
  }

  [[nodiscard]] Answer judge(google::protobuf::Message& response) const {
    const auto& answer = answer_->get();
    const auto status = answer.result_int();
    if (status >= 200 && status < 300) {
      // An answer that cannot be read rejects nothing: the batch was taken.
      const bool read =
          options_.json ? from_otlp_json(answer.body(), response) : response.ParseFromString(answer.body());
      if (!read) response.Clear();
      return {};
    }
    const std::string said = "HTTP " + std::to_string(status);
    if (!is_passing(status)) return {.status = {grpc::StatusCode::INVALID_ARGUMENT, said}};
    const std::string_view wish = answer[http::field::retry_after];
    return {.status = {grpc::StatusCode::UNAVAILABLE, said},
            .again = true,
            .after = retry_after(wish, SystemClock{}.wall())};
  }

  const HttpOptions options_;
  StopSwitch& stop_;
  std::string unusable_;
  std::string host_;
  std::string port_;
  std::string authority_;
  std::string target_;
  std::mutex mutex_;  // of what follows: metrics are sent by a timer, and once more by who stops
  asio::io_context io_{1};
  ssl::context plain_{ssl::context::tls_client};
  std::optional<ssl::context> tls_;
  tcp::resolver::results_type addresses_;
  std::optional<TlsStream> stream_;
  beast::flat_buffer buffer_;
  std::optional<http::response_parser<http::string_body>> answer_;
  bool connected_ = false;
};

HttpConnection::HttpConnection(HttpOptions options, StopSwitch& stop)
    : impl_(std::make_unique<Impl>(std::move(options), stop)) {}
HttpConnection::~HttpConnection() = default;

const std::string& HttpConnection::unusable() const { return impl_->unusable(); }

Answer HttpConnection::call(const google::protobuf::Message& request, google::protobuf::Message& response) {
  return impl_->call(request, response);
}

}  // namespace ldt::telemetry
