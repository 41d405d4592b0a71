#include "services/order/http/telemetry_reader.h"

#include <condition_variable>
#include <mutex>
#include <utility>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include "ldt/telemetry/v1/telemetry.grpc.pb.h"

namespace ldt::order {
namespace {

namespace api = ldt::telemetry::v1;

constexpr const char* kNoStore = "this marketplace runs without a telemetry store";

Error to_error(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::INVALID_ARGUMENT:
      return {ErrorKind::kInvalid, status.error_message()};
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return {ErrorKind::kUnavailable, "the telemetry store did not answer in time"};
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return {ErrorKind::kUnavailable, "the telemetry store has too much to do"};
    default:  // gRPC's own words name sockets and files: of no use to a client
      return {ErrorKind::kUnavailable, "the telemetry store cannot be reached"};
  }
}

std::string_view bytes(const TraceId& id) { return {reinterpret_cast<const char*>(id.data()), id.size()}; }

StoredLog to_log(const api::LogRecord& log) {
  return {log.time_us(),  log.severity(), log.service(),  log.body(),
          log.trace_id(), log.span_id(),  log.order_id(), log.attributes_json()};
}

StoredSpan to_span(const api::Span& span) {
  return {span.span_id(),       span.parent_span_id(),  span.service(),     span.name(),
          span.kind(),          span.start_us(),        span.duration_us(), span.status(),
          span.status_detail(), span.attributes_json(), span.links_json()};
}

StoredLogs to_logs(const api::ListLogsResponse& reply) {
  StoredLogs logs{{}, reply.next_cursor(), reply.dropped(), reply.left_out()};
  for (const auto& log : reply.logs()) logs.logs.push_back(to_log(log));
  return logs;
}

StoredTrace to_trace(const api::GetTraceResponse& reply) {
  StoredTrace trace;
  for (const auto& span : reply.spans()) trace.spans.push_back(to_span(span));
  for (const auto& log : reply.logs()) trace.logs.push_back(to_log(log));
  return trace;
}

template <class Request, class Reply>
struct Call {
  grpc::ClientContext context;
  Request request;
  Reply reply;
};

}  // namespace

/// The stub, and how many calls are under way, so that nobody is called back after the end.
class TelemetryReader::Calls {
 public:
  explicit Calls(const std::shared_ptr<grpc::Channel>& store) {
    if (store != nullptr) stub_ = api::TelemetryService::NewStub(store);
  }

  /// Starts the call by `start(stub, call, on_status)`; its reply, converted, goes to `done`.
  template <class Reply, class Request, class T, class Start, class Convert>
  static void run(const std::shared_ptr<Calls>& calls, Request request, std::function<void(Result<T>)> done,
                  Start start, Convert convert) {
    if (calls->stub_ == nullptr) return done(failure(ErrorKind::kUnavailable, kNoStore));
    if (!calls->begin()) return done(failure(ErrorKind::kUnavailable, "the server is going down"));
    auto call = std::make_shared<Call<Request, Reply>>();
    call->request = std::move(request);
    call->context.set_deadline(std::chrono::system_clock::now() + kDeadline);
    start(*calls->stub_->async(), *call, [calls, call, convert, done = std::move(done)](const grpc::Status& status) {
      if (status.ok()) {
        done(convert(call->reply));
      } else {
        done(tl::unexpected(to_error(status)));
      }
      calls->end();
    });
  }

  void stop() {
    std::unique_lock lock(mutex_);
    stopped_ = true;
    idle_.wait(lock, [this] { return under_way_ == 0; });
  }

 private:
  bool begin() {
    const std::lock_guard lock(mutex_);
    if (stopped_) return false;
    ++under_way_;
    return true;
  }
  void end() {
    const std::lock_guard lock(mutex_);
    if (--under_way_ == 0) idle_.notify_all();
  }

  std::unique_ptr<api::TelemetryService::Stub> stub_;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::size_t under_way_ = 0;
  bool stopped_ = false;
};

TelemetryReader::TelemetryReader(const std::shared_ptr<grpc::Channel>& store)
    : calls_(std::make_shared<Calls>(store)) {}

TelemetryReader::~TelemetryReader() { stop(); }

void TelemetryReader::stop() { calls_->stop(); }

void TelemetryReader::logs(const LogQuery& query, std::function<void(Result<StoredLogs>)> done) {
  api::ListLogsRequest request;
  if (query.order) request.set_order_id(std::string(query.order->view()));
  request.set_service(query.service);
  request.set_min_severity(query.min_severity);
  request.set_text(query.text);
  request.set_after(query.after);
  request.set_since_us(query.since_us);
  request.set_limit(query.limit);
  request.set_newest(query.newest);
  Calls::run<api::ListLogsResponse>(
      calls_, std::move(request), std::move(done),
      [](auto& stub, auto& call, auto on_status) {
        stub.ListLogs(&call.context, &call.request, &call.reply, std::move(on_status));
      },
      to_logs);
}

void TelemetryReader::trace(const TraceId& trace, const OrderId& order, std::function<void(Result<StoredTrace>)> done) {
  api::GetTraceRequest request;
  request.set_trace_id(std::string(bytes(trace)));
  request.set_order_id(std::string(order.view()));
  Calls::run<api::GetTraceResponse>(
      calls_, std::move(request), std::move(done),
      [](auto& stub, auto& call, auto on_status) {
        stub.GetTrace(&call.context, &call.request, &call.reply, std::move(on_status));
      },
      to_trace);
}

}  // namespace ldt::order
