// Resource, attribute values and the SDK's own log, shared by the OTLP signals.
// Depends on the SDK. Invariant: OTEL_RESOURCE_ATTRIBUTES wins over our defaults, save for service.name.
#include "platform/telemetry/otlp_internal.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <random>

#include <google/protobuf/any.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/empty.pb.h>
#include <google/protobuf/unknown_field_set.h>
#include <opentelemetry/exporters/otlp/otlp_environment.h>
#include <opentelemetry/sdk/common/global_log_handler.h>
#include <opentelemetry/sdk/resource/resource_detector.h>
#include <boost/url/pct_string_view.hpp>

#include "platform/telemetry/otlp.h"
#include "platform/telemetry/utf8.h"

namespace ldt::telemetry {
namespace {

namespace internal_log = otel::sdk::common::internal_log;

class QuietHandler final : public internal_log::LogHandler {
 public:
  explicit QuietHandler(const std::string& service) : complaints_(service) {}
  void Handle(internal_log::LogLevel, const char*, int, const char* message,
              const otel::sdk::common::AttributeMap&) noexcept override {
    complaints_.say(message != nullptr ? message : "");
  }

 private:
  StderrLine complaints_;
};

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : std::string("localhost");
}

/// Each `Message` in a field of a message whose type nothing here has generated code for.
template <class Message, class Take>
void each_in(const std::string& bytes, int number, Take take) {
  google::protobuf::Empty whole;
  if (!whole.ParseFromString(bytes)) return;
  const auto& fields = whole.GetReflection()->GetUnknownFields(whole);
  for (int i = 0; i < fields.field_count(); ++i) {
    const auto& field = fields.field(i);
    Message message;
    if (field.number() != number || field.type() != google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) continue;
    if (message.ParseFromString(field.length_delimited())) take(message);
  }
}

/// The RetryInfo in a status's details (google/rpc/status.proto and error_details.proto).
std::optional<std::chrono::milliseconds> retry_info(const std::string& details) {
  constexpr int kDetails = 3;
  constexpr int kRetryDelay = 1;
  std::optional<std::chrono::milliseconds> delay;
  each_in<google::protobuf::Any>(details, kDetails, [&](const google::protobuf::Any& detail) {
    if (!detail.type_url().ends_with("/google.rpc.RetryInfo")) return;
    delay = std::chrono::milliseconds{0};
    each_in<google::protobuf::Duration>(detail.value(), kRetryDelay, [&](const google::protobuf::Duration& asked) {
      const auto seconds = std::clamp<std::int64_t>(asked.seconds(), 0, kLongestWish / std::chrono::seconds{1});
      delay = std::chrono::milliseconds{seconds * 1'000 + std::clamp(asked.nanos(), 0, 999'999'999) / 1'000'000};
    });
  });
  return delay;
}

RetrySettings retry_settings_of(unsigned attempts, std::chrono::duration<float> first,
                                std::chrono::duration<float> longest, float factor) {
  using std::chrono::milliseconds;
  return {attempts, std::chrono::duration_cast<milliseconds>(first), factor,
          std::chrono::duration_cast<milliseconds>(longest)};
}

}  // namespace

RetrySettings retry_settings(Signal signal) {
  switch (signal) {
    case Signal::kTraces:
      return retry_settings_of(
          otlp::GetOtlpDefaultTracesRetryMaxAttempts(), otlp::GetOtlpDefaultTracesRetryInitialBackoff(),
          otlp::GetOtlpDefaultTracesRetryMaxBackoff(), otlp::GetOtlpDefaultTracesRetryBackoffMultiplier());
    case Signal::kMetrics:
      return retry_settings_of(
          otlp::GetOtlpDefaultMetricsRetryMaxAttempts(), otlp::GetOtlpDefaultMetricsRetryInitialBackoff(),
          otlp::GetOtlpDefaultMetricsRetryMaxBackoff(), otlp::GetOtlpDefaultMetricsRetryBackoffMultiplier());
    case Signal::kLogs:
      return retry_settings_of(otlp::GetOtlpDefaultLogsRetryMaxAttempts(),
                               otlp::GetOtlpDefaultLogsRetryInitialBackoff(), otlp::GetOtlpDefaultLogsRetryMaxBackoff(),
                               otlp::GetOtlpDefaultLogsRetryBackoffMultiplier());
  }
  return {};
}

double chance() {
  thread_local std::minstd_rand random{std::random_device{}()};
  return std::uniform_real_distribution<>(0, 1)(random);
}

Answer answer_with(grpc::Status status) {
  switch (status.error_code()) {
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::ABORTED:
    case grpc::StatusCode::OUT_OF_RANGE:
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DATA_LOSS: {
      const auto wish = retry_info(status.error_details()).value_or(std::chrono::milliseconds{0});
      return {.status = std::move(status), .again = true, .after = wish};
    }
    case grpc::StatusCode::RESOURCE_EXHAUSTED: {  // passes only if the receiver says so
      const auto wish = retry_info(status.error_details());
      return {
          .status = std::move(status), .again = wish.has_value(), .after = wish.value_or(std::chrono::milliseconds{0})};
    }
    default:
      return {.status = std::move(status)};
  }
}

void quieten_sdk(const std::string& service) {
  internal_log::GlobalLogHandler::SetLogHandler(
      otel::nostd::shared_ptr<internal_log::LogHandler>(new QuietHandler(service)));
  internal_log::GlobalLogHandler::SetLogLevel(internal_log::LogLevel::Warning);
}

otel::sdk::resource::Resource make_resource(const Shared& shared) {
  const auto given = otel::sdk::resource::OTELResourceDetector().Detect().GetAttributes();
  otel::sdk::resource::ResourceAttributes attributes;
  attributes.SetAttribute("service.name", sdk_view(shared.service));
  if (given.count("service.namespace") == 0) {
    const auto name = given.find("service.name");  // OTEL_SERVICE_NAME, too
    if (name != given.end()) {
      attributes["service.namespace"] = name->second;
    } else {
      attributes.SetAttribute("service.namespace", "ldt");
    }
  }
  if (given.count("service.version") == 0) attributes.SetAttribute("service.version", sdk_view(shared.version));
  if (given.count("service.instance.id") == 0) {
    const std::string id = host_name() + "-" + std::to_string(::getpid());
    attributes.SetAttribute("service.instance.id", sdk_view(id));
  }
  return otel::sdk::resource::Resource::Create(attributes);
}

void decode_values(otlp::OtlpHeaders& headers) {
  for (auto& [name, value] : headers) {
    if (const auto encoded = boost::urls::make_pct_string_view(value)) value = encoded->decode();
  }
}

HttpOptions http_options(Signal signal, Protocol protocol, std::chrono::milliseconds timeout) {
  HttpOptions options;
  otlp::OtlpHeaders headers;
  std::string compression;
  switch (signal) {
    case Signal::kTraces:
      options.url = otlp::GetOtlpDefaultHttpTracesEndpoint();
      options.ca_file = otlp::GetOtlpDefaultTracesSslCertificatePath();
      options.certificate_file = otlp::GetOtlpDefaultTracesSslClientCertificatePath();
      options.key_file = otlp::GetOtlpDefaultTracesSslClientKeyPath();
      headers = otlp::GetOtlpDefaultTracesHeaders();
      compression = otlp::GetOtlpDefaultTracesCompression();
      break;
    case Signal::kMetrics:
      options.url = otlp::GetOtlpDefaultHttpMetricsEndpoint();
      options.ca_file = otlp::GetOtlpDefaultMetricsSslCertificatePath();
      options.certificate_file = otlp::GetOtlpDefaultMetricsSslClientCertificatePath();
      options.key_file = otlp::GetOtlpDefaultMetricsSslClientKeyPath();
      headers = otlp::GetOtlpDefaultMetricsHeaders();
      compression = otlp::GetOtlpDefaultMetricsCompression();
      break;
    case Signal::kLogs:
      options.url = otlp::GetOtlpDefaultHttpLogsEndpoint();
      options.ca_file = otlp::GetOtlpDefaultLogsSslCertificatePath();
      options.certificate_file = otlp::GetOtlpDefaultLogsSslClientCertificatePath();
      options.key_file = otlp::GetOtlpDefaultLogsSslClientKeyPath();
      headers = otlp::GetOtlpDefaultLogsHeaders();
      compression = otlp::GetOtlpDefaultLogsCompression();
      break;
  }
  decode_values(headers);
  options.headers.assign(headers.begin(), headers.end());
  options.json = protocol == Protocol::kHttpJson;
  options.gzip = compression == "gzip";
  options.timeout = timeout;
  return options;
}

SdkValue::SdkValue(const Value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    value_ = sdk_view(valid_utf8(*text, repaired_));
  } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
    value_ = *number;
  } else if (const auto* real = std::get_if<double>(&value)) {
    value_ = *real;
  } else {
    value_ = std::get<bool>(value);
  }
}

}  // namespace ldt::telemetry
