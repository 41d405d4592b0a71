// What the OTLP signals have in common: the resource, conversions, one call.
// Heavy: SDK and gRPC. Only otlp*.cpp and metrics.cpp include it.
// Invariant: strings that leave the process are valid UTF-8 (protobuf has no others).
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include <grpcpp/grpcpp.h>
#include <opentelemetry/common/attribute_value.h>
#include <opentelemetry/exporters/otlp/otlp_grpc_client.h>
#include <opentelemetry/exporters/otlp/otlp_grpc_client_options.h>
#include <opentelemetry/nostd/string_view.h>
#include <opentelemetry/sdk/resource/resource.h>

#include "platform/telemetry/otlp_http.h"
#include "platform/telemetry/settings.h"
#include "platform/telemetry/shared.h"

namespace ldt::telemetry {

namespace otel = opentelemetry;
namespace otlp = opentelemetry::exporter::otlp;

inline constexpr const char* kScopeName = "ldt";
inline constexpr std::chrono::milliseconds kStoreTimeout{2'000};

/// service.name is the service's own; the operator's OTEL_SERVICE_NAME, which all services share, is the namespace.
[[nodiscard]] otel::sdk::resource::Resource make_resource(const Shared& shared);

/// An attribute of ours as the SDK wants it. Keeps a repaired copy of a string that is not UTF-8.
class SdkValue {
 public:
  explicit SdkValue(const Value& value);
  [[nodiscard]] const otel::common::AttributeValue& get() const { return value_; }

 private:
  std::string repaired_;
  otel::common::AttributeValue value_;
};

[[nodiscard]] inline otel::nostd::string_view sdk_view(std::string_view text) { return {text.data(), text.size()}; }

/// OTEL_EXPORTER_OTLP_HEADERS has its values percent-encoded ("Basic%20..."), and the SDK leaves them so.
void decode_values(otlp::OtlpHeaders& headers);

enum class Signal { kTraces, kMetrics, kLogs };

/// Endpoint, headers, certificates and compression as the SDK reads them from the environment.
[[nodiscard]] HttpOptions http_options(Signal signal, Protocol protocol, std::chrono::milliseconds timeout);

/// The connection of one signal, and how to call on it: over gRPC, or over HTTP.
template <class Service>
class OtlpConnection {
 public:
  using Stub = typename Service::Stub;

  /// `options` is what the SDK read from the environment. `timeout` replaces its own reading of the variable, which
  /// takes a plain number for seconds where the specification says milliseconds.
  OtlpConnection(otlp::OtlpGrpcClientOptions options, std::chrono::milliseconds timeout, StopSwitch& stop)
      : options_(std::move(options)), stop_(stop) {
    options_.timeout = timeout;
    decode_values(options_.metadata);
    if (const auto channel = otlp::OtlpGrpcClient::MakeChannel(options_)) stub_ = Service::NewStub(channel);
  }

  OtlpConnection(HttpOptions options, StopSwitch& stop) : stop_(stop) {
    options_.endpoint = options.url;
    auto connection = std::make_unique<HttpConnection>(std::move(options), stop);
    unusable_ = connection->unusable();
    if (unusable_.empty()) http_ = std::move(connection);
  }

  /// To the telemetry store.
  OtlpConnection(const std::shared_ptr<grpc::Channel>& store, std::chrono::milliseconds timeout, StopSwitch& stop)
      : stub_(Service::NewStub(store)), stop_(stop) {
    options_.endpoint = "the telemetry store";
    options_.timeout = timeout;
  }

  /// False where the endpoint is malformed.
  [[nodiscard]] bool usable() const { return stub_ != nullptr || http_ != nullptr; }
  [[nodiscard]] std::string why_unusable() const { return unusable_.empty() ? "malformed" : unusable_; }
  [[nodiscard]] const std::string& endpoint() const { return options_.endpoint; }

  template <class Request, class Response>
  grpc::Status call(const Request& request, Response& response) {
    if (http_) return http_->call(request, response);
    if (stop_.stopped()) return {grpc::StatusCode::CANCELLED, "stopping"};
    const auto context = otlp::OtlpGrpcClient::MakeClientContext(options_);
    grpc::Status status;
    bool done = false;
    stub_->async()->Export(context.get(), &request, &response, [&](grpc::Status result) {
      status = std::move(result);
      stop_.signal(done);
    });
    if (!stop_.wait(done)) {
      context->TryCancel();
      stop_.wait_on(done);
    }
    return status;
  }

 private:
  otlp::OtlpGrpcClientOptions options_;
  std::unique_ptr<Stub> stub_;
  std::unique_ptr<HttpConnection> http_;
  std::string unusable_;
  StopSwitch& stop_;
};

/// As the settings say; `Options` are the SDK's own for gRPC.
template <class Service, class Options>
[[nodiscard]] OtlpConnection<Service> make_connection(Signal signal, Protocol protocol,
                                                      std::chrono::milliseconds timeout, Shared& shared) {
  OtlpConnection<Service> made = protocol == Protocol::kGrpc
                                     ? OtlpConnection<Service>(Options{}, timeout, shared.stop)
                                     : OtlpConnection<Service>(http_options(signal, protocol, timeout), shared.stop);
  if (!made.usable()) {
    say_on_stderr(shared.service, "the OTLP endpoint '" + made.endpoint() + "' cannot be used: " + made.why_unusable());
  }
  return made;
}

}  // namespace ldt::telemetry
