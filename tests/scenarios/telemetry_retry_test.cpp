// Receivers that do not take a batch for the moment: it is sent again when they want it, over gRPC and over HTTP, and
// no order and no stop waits for that.
#include <google/protobuf/any.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/empty.pb.h>
#include <google/protobuf/unknown_field_set.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "opentelemetry/proto/collector/logs/v1/logs_service.grpc.pb.h"
#include "opentelemetry/proto/collector/metrics/v1/metrics_service.grpc.pb.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.grpc.pb.h"
#include "support/eventually.h"
#include "support/marketplace.h"

namespace ldt::testing {
namespace {

namespace collector = opentelemetry::proto::collector;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr milliseconds kWish{1'200};

/// How often and when each batch came, by signal.
class Attempts {
 public:
  using Times = std::vector<steady_clock::time_point>;

  /// Counts one; the how manieth of this batch it is, from 1.
  int count(const std::string& signal, const std::string& batch) {
    const std::lock_guard lock(mutex_);
    auto& times = signals_[signal][batch];
    times.push_back(steady_clock::now());
    return static_cast<int>(times.size());
  }
  /// Of the batch of this signal that came most often.
  [[nodiscard]] Times most(const std::string& signal) {
    const std::lock_guard lock(mutex_);
    Times most;
    for (const auto& [batch, times] : signals_[signal]) {
      if (times.size() > most.size()) most = times;
    }
    return most;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::map<std::string, Times>> signals_;
};

/// A status's details as google/rpc/status.proto has them, with a RetryInfo.
std::string asking_for(milliseconds wish) {
  google::protobuf::Duration duration;
  duration.set_seconds(wish / seconds{1});
  duration.set_nanos(static_cast<int>((wish % seconds{1}).count()) * 1'000'000);
  const auto with = [](int number, const std::string& bytes) {
    google::protobuf::Empty message;
    message.GetReflection()->MutableUnknownFields(&message)->AddLengthDelimited(number, bytes);
    return message.SerializeAsString();
  };
  google::protobuf::Any info;
  info.set_type_url("type.googleapis.com/google.rpc.RetryInfo");
  info.set_value(with(1, duration.SerializeAsString()));
  return with(3, info.SerializeAsString());
}

/// What to answer to the n-th attempt at a batch.
using Verdict = std::function<grpc::Status(int attempt)>;

template <class Service, class Request, class Response>
class Throttled final : public Service {
 public:
  Throttled(std::string signal, Attempts& attempts, Verdict verdict)
      : signal_(std::move(signal)), attempts_(attempts), verdict_(std::move(verdict)) {}
  grpc::Status Export(grpc::ServerContext*, const Request* request, Response*) override {
    return verdict_(attempts_.count(signal_, request->SerializeAsString()));
  }

 private:
  const std::string signal_;
  Attempts& attempts_;
  const Verdict verdict_;
};

class GrpcReceiver {
 public:
  explicit GrpcReceiver(const Verdict& verdict)
      : logs_("logs", attempts, verdict), traces_("traces", attempts, verdict), metrics_("metrics", attempts, verdict) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&logs_);
    builder.RegisterService(&traces_);
    builder.RegisterService(&metrics_);
    server_ = builder.BuildAndStart();
  }
  ~GrpcReceiver() { server_->Shutdown(std::chrono::system_clock::now()); }

  int port = 0;
  Attempts attempts;

 private:
  Throttled<collector::logs::v1::LogsService::Service, collector::logs::v1::ExportLogsServiceRequest,
            collector::logs::v1::ExportLogsServiceResponse>
      logs_;
  Throttled<collector::trace::v1::TraceService::Service, collector::trace::v1::ExportTraceServiceRequest,
            collector::trace::v1::ExportTraceServiceResponse>
      traces_;
  Throttled<collector::metrics::v1::MetricsService::Service, collector::metrics::v1::ExportMetricsServiceRequest,
            collector::metrics::v1::ExportMetricsServiceResponse>
      metrics_;
  std::unique_ptr<grpc::Server> server_;
};

class HttpReceiver {
 public:
  using Answer = std::function<void(int attempt, httplib::Response&)>;

  explicit HttpReceiver(Answer answer) : answer_(std::move(answer)) {
    server_.Post("/v1/(traces|metrics|logs)", [this](const httplib::Request& request, httplib::Response& response) {
      answer_(attempts.count(request.matches[1], request.body), response);
    });
    port = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::jthread([this] { server_.listen_after_bind(); });
    EXPECT_TRUE(eventually([this] { return server_.is_running(); }));
  }
  ~HttpReceiver() { server_.stop(); }

  int port = 0;
  Attempts attempts;

 private:
  const Answer answer_;
  httplib::Server server_;
  std::jthread thread_;
};

Marketplace::Options sending_to(int port, const std::string& protocol) {
  return {.environment = {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:" + std::to_string(port)},
                          {"OTEL_EXPORTER_OTLP_PROTOCOL", protocol},
                          {"OTEL_CPP_EXPORTER_OTLP_RETRY_INITIAL_BACKOFF", "0.1"},
                          {"OTEL_BSP_SCHEDULE_DELAY", "100"},
                          {"OTEL_BLRP_SCHEDULE_DELAY", "100"},
                          {"OTEL_METRIC_EXPORT_INTERVAL", "500"}}};
}

/// Places an order that does not wait for any receiver.
void place_one(Marketplace& market) {
  auto client = market.client();
  EXPECT_EQ(client.place(OrderRequest{.user = "alice", .sku = "late-day"}).body.at("outcome"), "SUCCESS");
}

/// Of each signal, a batch comes `times` times, and between the last two attempts the receiver is left alone.
void expect_attempts(Attempts& attempts, std::size_t times, milliseconds pause) {
  for (const std::string signal : {"traces", "logs", "metrics"}) {
    EXPECT_TRUE(eventually([&] { return attempts.most(signal).size() == times; }))
        << signal << ": " << attempts.most(signal).size();
    const auto seen = attempts.most(signal);
    if (seen.size() > 1) EXPECT_GE(seen.back() - seen[seen.size() - 2], pause) << signal;
  }
}

TEST(OtlpRetries, SendABatchAgainOverGrpcWhenTheReceiverWantsIt) {
  GrpcReceiver receiver([](int attempt) -> grpc::Status {
    if (attempt == 1) return {grpc::StatusCode::UNAVAILABLE, "not now"};
    if (attempt == 2) return {grpc::StatusCode::RESOURCE_EXHAUSTED, "too much", asking_for(kWish)};
    return grpc::Status::OK;
  });
  Marketplace market(sending_to(receiver.port, "grpc"));
  place_one(market);
  expect_attempts(receiver.attempts, 3, kWish);
}

TEST(OtlpRetries, SendABatchAgainOverHttpWhenTheReceiverWantsIt) {
  HttpReceiver receiver([](int attempt, httplib::Response& response) {
    constexpr int kAnswers[] = {503, 429, 502, 504};
    if (attempt <= 4) response.status = kAnswers[attempt - 1];
    if (attempt == 4) response.set_header("Retry-After", "1");
  });
  Marketplace market(sending_to(receiver.port, "http/protobuf"));
  place_one(market);
  expect_attempts(receiver.attempts, 5, seconds{1});
}

TEST(OtlpRetries, AreNotMadeWhereTheReceiverRefusesForGood) {
  GrpcReceiver over_grpc([](int) -> grpc::Status { return {grpc::StatusCode::RESOURCE_EXHAUSTED, "for ever"}; });
  HttpReceiver over_http([](int, httplib::Response& response) { response.status = 400; });
  Marketplace first(sending_to(over_grpc.port, "grpc"));
  Marketplace second(sending_to(over_http.port, "http/protobuf"));
  place_one(first);
  place_one(second);
  std::this_thread::sleep_for(seconds{1});  // ten times the first pause
  expect_attempts(over_grpc.attempts, 1, milliseconds{0});
  expect_attempts(over_http.attempts, 1, milliseconds{0});
}

TEST(OtlpRetries, EndAfterSomeAttemptsWhichIsSaid) {
  HttpReceiver receiver([](int, httplib::Response& response) { response.status = 503; });
  Marketplace market(sending_to(receiver.port, "http/protobuf"));
  place_one(market);
  expect_attempts(receiver.attempts, 5, milliseconds{100});
  const auto said = market.data() / "log" / "order.stderr";
  EXPECT_TRUE(eventually([&] { return read_text(said).find("HTTP 503") != std::string::npos; })) << read_text(said);
  EXPECT_EQ(receiver.attempts.most("traces").size(), 5U);
}

TEST(OtlpRetries, HoldUpNeitherOrdersNorAStop) {
  HttpReceiver receiver([](int, httplib::Response& response) {
    response.status = 503;
    response.set_header("Retry-After", "3600");
  });
  Marketplace market(sending_to(receiver.port, "http/protobuf"));
  place_one(market);
  EXPECT_TRUE(eventually([&] { return !receiver.attempts.most("traces").empty(); }));
  for (int i = 0; i < 20; ++i) place_one(market);
  const auto began = steady_clock::now();
  EXPECT_EQ(market.stop().exit_code, 0);
  EXPECT_LT(steady_clock::now() - began, seconds{10});
  EXPECT_EQ(receiver.attempts.most("logs").size(), 1U);
}

}  // namespace
}  // namespace ldt::testing
