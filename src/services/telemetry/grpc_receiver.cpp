#include "services/telemetry/grpc_receiver.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/byte_buffer.h>

#include "opentelemetry/proto/collector/logs/v1/logs_service.grpc.pb.h"
#include "opentelemetry/proto/collector/metrics/v1/metrics_service.grpc.pb.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.grpc.pb.h"
#include "services/telemetry/decode.h"

namespace ldt::telemetry_store {
namespace {

namespace collector = opentelemetry::proto::collector;

std::string bytes_in(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  bytes.reserve(buffer.Length());
  for (const auto& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

void put(const std::string& bytes, grpc::ByteBuffer& buffer) {
  const grpc::Slice slice(bytes);
  grpc::ByteBuffer filled(&slice, 1);
  buffer.Swap(&filled);
}

grpc::ServerUnaryReactor* receive(Storage& storage, Signal signal, grpc::CallbackServerContext* context,
                                  const grpc::ByteBuffer& request, grpc::ByteBuffer* response) {
  auto* reactor = context->DefaultReactor();
  auto batch = decode(signal, bytes_in(request), SystemClock{}.wall());
  if (!batch) {
    reactor->Finish({grpc::StatusCode::INVALID_ARGUMENT, batch.error().detail});
    return reactor;
  }
  storage.submit(std::move(*batch), [reactor, response, signal](const Verdict& verdict) {
    if (!verdict.kept) return reactor->Finish({grpc::StatusCode::UNAVAILABLE, verdict.why});
    put(encode_response(signal, verdict.dropped, verdict.why), *response);
    reactor->Finish(grpc::Status::OK);
  });
  return reactor;
}

template <class Service, Signal signal>
class Receiver final : public Service::template WithRawCallbackMethod_Export<typename Service::Service> {
 public:
  explicit Receiver(Storage& storage) : storage_(storage) {}
  grpc::ServerUnaryReactor* Export(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override {
    return receive(storage_, signal, context, *request, response);
  }

 private:
  Storage& storage_;
};

}  // namespace

struct GrpcReceiver::Services {
  explicit Services(Storage& storage) : logs(storage), traces(storage), metrics(storage) {}
  Receiver<collector::logs::v1::LogsService, Signal::kLogs> logs;
  Receiver<collector::trace::v1::TraceService, Signal::kTraces> traces;
  Receiver<collector::metrics::v1::MetricsService, Signal::kMetrics> metrics;
};

GrpcReceiver::GrpcReceiver(Storage& storage) : services_(std::make_unique<Services>(storage)) {}
GrpcReceiver::~GrpcReceiver() = default;

std::vector<rpc::NamedService> GrpcReceiver::services() const {
  return {{&services_->logs, collector::logs::v1::LogsService::service_full_name()},
          {&services_->traces, collector::trace::v1::TraceService::service_full_name()},
          {&services_->metrics, collector::metrics::v1::MetricsService::service_full_name()}};
}

}  // namespace ldt::telemetry_store
