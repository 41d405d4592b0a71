#include "services/telemetry/http_receiver.h"

#include <grpcpp/support/status_code_enum.h>

#include <optional>
#include <utility>

#include "ldt/telemetry/v1/telemetry.pb.h"
#include "services/telemetry/decode.h"
#include "services/telemetry/gunzip.h"

namespace ldt::telemetry_store {
namespace {

using http::Request;
using http::Responder;
using http::Response;

constexpr std::size_t kMostBytes = 16U << 20U;  // as over gRPC
constexpr std::string_view kProtobuf = "application/x-protobuf";

http::ServerOptions server_options() {
  http::ServerOptions options;
  options.max_body_bytes = kMostBytes;
  options.max_connections = 256;
  return options;
}

Response protobuf_response(int status, std::string body) {
  Response response;
  response.status = status;
  response.content_type = kProtobuf;
  response.body = std::move(body);
  return response;
}

Response refusal(int status, grpc::StatusCode code, const std::string& why) {
  ldt::telemetry::v1::Refusal message;
  message.set_code(code);
  message.set_message(why);
  return protobuf_response(status, message.SerializeAsString());
}

bool is_protobuf(const Request& request) {
  const auto type = request.header("Content-Type").value_or("");
  return http::equal_ignoring_case(http::trimmed(type.substr(0, type.find(';'))), kProtobuf);
}

/// The body without its content encoding, or the refusal.
tl::expected<std::string, Response> plain_body(const Request& request) {
  const auto encoding = http::trimmed(request.header("Content-Encoding").value_or("identity"));
  if (http::equal_ignoring_case(encoding, "identity")) return std::string(request.body);
  if (!http::equal_ignoring_case(encoding, "gzip")) {
    return tl::unexpected(refusal(415, grpc::StatusCode::INVALID_ARGUMENT, "of encodings only gzip is taken"));
  }
  auto unzipped = gunzip(request.body, kMostBytes);
  if (!unzipped) return tl::unexpected(refusal(400, grpc::StatusCode::INVALID_ARGUMENT, "not gzip"));
  if (unzipped->too_large) {
    return tl::unexpected(refusal(413, grpc::StatusCode::RESOURCE_EXHAUSTED, "more than 16 MiB"));
  }
  return std::move(unzipped->bytes);
}

Response response_to(Signal signal, const Verdict& verdict) {
  if (verdict.kept) return protobuf_response(200, encode_response(signal, verdict.dropped, verdict.why));
  Response response = refusal(503, grpc::StatusCode::UNAVAILABLE, verdict.why);
  response.add_header("Retry-After", "1");
  return response;
}

void receive(Storage& storage, Signal signal, const Request& request, const Responder& responder) {
  if (!is_protobuf(request)) {
    return responder.answer(refusal(415, grpc::StatusCode::INVALID_ARGUMENT, "only application/x-protobuf is taken"));
  }
  const auto body = plain_body(request);
  if (!body) return responder.answer(body.error());
  auto batch = decode(signal, *body, SystemClock{}.wall());
  if (!batch) return responder.answer(refusal(400, grpc::StatusCode::INVALID_ARGUMENT, batch.error().detail));
  storage.submit(std::move(*batch), [responder, signal](const Verdict& verdict) {
    responder.answer_with([signal, verdict] { return response_to(signal, verdict); });
  });
}

Response metrics_response(const Storage& storage) {
  Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = storage.exposition();
  return response;
}

}  // namespace

HttpReceiver::HttpReceiver(Storage& storage) : server_(server_options()) {
  router_.add(http::Method::kGet, "/metrics",
              [&storage](const Request&, const Responder& responder) { responder.answer(metrics_response(storage)); });
  const std::pair<const char*, Signal> routes[] = {
      {"/v1/logs", Signal::kLogs}, {"/v1/traces", Signal::kTraces}, {"/v1/metrics", Signal::kMetrics}};
  for (const auto& [path, signal] : routes) {
    router_.add(http::Method::kPost, path,
                [&storage, one = signal](const Request& request, const Responder& responder) {
                  receive(storage, one, request, responder);
                });
  }
}

Result<std::uint16_t> HttpReceiver::start(const std::string& address) {
  return server_.start(address,
                       [this](Request& request, const Responder& responder) { router_.dispatch(request, responder); });
}

}  // namespace ldt::telemetry_store
