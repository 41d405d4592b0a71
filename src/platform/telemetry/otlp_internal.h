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
#include "platform/telemetry/retry.h"
#include "platform/telemetry/settings.h"
#include "platform/telemetry/shared.h"

namespace ldt::telemetry {

namespace otel = opentelemetry;
namespace otlp = opentelemetry::exporter::otlp;

inline constexpr const char* kScopeName = "ldt";
inline constexpr std::chrono::milliseconds kStoreTimeout{2'000};
/// To our own store: it is being restarted, or its disk is full for the moment.
inline constexpr RetrySettings kStoreRetries{RetrySettings::kForEver, std::chrono::milliseconds{100}, 1,
                                             std::chrono::milliseconds{100}};

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

/// What the SDK read from OTEL_CPP_EXPORTER_OTLP_RETRY_*.
[[nodiscard]] RetrySettings retry_settings(Signal signal);

/// From 0 to 1, at random.
[[nodiscard]] double chance();

/// What gRPC's status says of sending the same request again.
[[nodiscard]] Answer answer_with(grpc::Status status);

/// The connection of one signal, and how to call on it: over gRPC, or over HTTP.
template <class Service>
class OtlpConnection {
 public:
  using Stub = typename Service::Stub;

  /// `options` is what the SDK read from the environment. `timeout` replaces its own reading of the variable, which
  /// takes a plain number for seconds where the specification says milliseconds.
  OtlpConnection(otlp::OtlpGrpcClientOptions options, std::chrono::milliseconds timeout, RetrySettings retries,
                 StopSwitch& stop)
      : options_(std::move(options)), retries_(retries), stop_(stop) {
    options_.timeout = timeout;
    options_.retry_policy_max_attempts = 0;  // one layer retries: this one
    decode_values(options_.metadata);
    if (const auto channel = otlp::OtlpGrpcClient::MakeChannel(options_)) stub_ = Service::NewStub(channel);
  }

  OtlpConnection(HttpOptions options, RetrySettings retries, StopSwitch& stop) : retries_(retries), stop_(stop) {
    options_.endpoint = options.url;
    auto connection = std::make_unique<HttpConnection>(std::move(options), stop);
    unusable_ = connection->unusable();
    if (unusable_.empty()) http_ = std::move(connection);
  }

  /// To the telemetry store.
  OtlpConnection(const std::shared_ptr<grpc::Channel>& store, std::chrono::milliseconds timeout, StopSwitch& stop)
      : stub_(Service::NewStub(store)), retries_(kStoreRetries), stop_(stop) {
    options_.endpoint = "the telemetry store";
    options_.timeout = timeout;
  }

  /// False where the endpoint is malformed.
  [[nodiscard]] bool usable() const { return stub_ != nullptr || http_ != nullptr; }
  [[nodiscard]] std::string why_unusable() const { return unusable_.empty() ? "malformed" : unusable_; }
  [[nodiscard]] const std::string& endpoint() const { return options_.endpoint; }

  /// Calls until the receiver has taken the request, refuses it for good, or it is time to give up.
  template <class Request, class Response>
  grpc::Status deliver(const Request& request, Response& response) {
    Retries retries(retries_);
    for (;;) {
      const Answer answer = call(request, response);
      if (!answer.again) return answer.status;
      const auto pause = retries.pause_after_failure(answer.after, chance());
      if (stop_.pause(pause) || retries.over()) return answer.status;
    }
  }

  /// Calls once.
  template <class Request, class Response>
  Answer call(const Request& request, Response& response) {
    if (http_) return http_->call(request, response);
    if (stop_.stopped()) return {.status = {grpc::StatusCode::CANCELLED, "stopping"}};
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
    return answer_with(std::move(status));
  }

 private:
  otlp::OtlpGrpcClientOptions options_;
  std::unique_ptr<Stub> stub_;
  std::unique_ptr<HttpConnection> http_;
  std::string unusable_;
  RetrySettings retries_;
  StopSwitch& stop_;
};

/// As the settings say; `Options` are the SDK's own for gRPC.
template <class Service, class Options>
[[nodiscard]] OtlpConnection<Service> make_connection(Signal signal, Protocol protocol,
                                                      std::chrono::milliseconds timeout, Shared& shared) {
  const RetrySettings retries = retry_settings(signal);
  OtlpConnection<Service> made =
      protocol == Protocol::kGrpc
          ? OtlpConnection<Service>(Options{}, timeout, retries, shared.stop)
          : OtlpConnection<Service>(http_options(signal, protocol, timeout), retries, shared.stop);
  if (!made.usable()) {
    say_on_stderr(shared.service, "the OTLP endpoint '" + made.endpoint() + "' cannot be used: " + made.why_unusable());
  }
  return made;
}

}  // namespace ldt::telemetry
