// otlp-receiver --listen HOST:PORT --out FILE: an OTLP/gRPC collector that appends what it receives as JSON lines.
// Depends on gRPC and the OTLP protos. Prints "listening HOST:PORT" when it is ready (port 0: any free one); stops on
// SIGTERM or SIGINT. Exit: 0 stopped, 2 bad command line, 4 cannot listen, 3 cannot write the file.
// Invariant: a request is answered after its lines are in the file.
#include <csignal>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include <grpcpp/grpcpp.h>

#include "opentelemetry/proto/collector/logs/v1/logs_service.grpc.pb.h"
#include "opentelemetry/proto/collector/metrics/v1/metrics_service.grpc.pb.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.grpc.pb.h"
#include "records.h"

namespace {

namespace collector = opentelemetry::proto::collector;

class LineFile {
 public:
  explicit LineFile(const std::string& path) : file_(std::fopen(path.c_str(), "ae"), &std::fclose) {}
  [[nodiscard]] bool open() const { return file_ != nullptr; }

  grpc::Status append(const std::string& text) {
    const std::lock_guard lock(mutex_);
    const bool written = std::fwrite(text.data(), 1, text.size(), file_.get()) == text.size();
    if (written && std::fflush(file_.get()) == 0) return grpc::Status::OK;
    return {grpc::StatusCode::INTERNAL, "cannot write the file"};
  }

 private:
  std::mutex mutex_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

template <class Service, class Request, class Response>
class Collector final : public Service {
 public:
  explicit Collector(LineFile& file) : file_(file) {}
  grpc::Status Export(grpc::ServerContext*, const Request* request, Response*) override {
    return file_.append(otlp_receiver::lines(*request));
  }

 private:
  LineFile& file_;
};

using Logs = Collector<collector::logs::v1::LogsService::Service, collector::logs::v1::ExportLogsServiceRequest,
                       collector::logs::v1::ExportLogsServiceResponse>;
using Traces = Collector<collector::trace::v1::TraceService::Service, collector::trace::v1::ExportTraceServiceRequest,
                         collector::trace::v1::ExportTraceServiceResponse>;
using Metrics =
    Collector<collector::metrics::v1::MetricsService::Service, collector::metrics::v1::ExportMetricsServiceRequest,
              collector::metrics::v1::ExportMetricsServiceResponse>;

struct Arguments {
  std::string listen;
  std::string out;
};

bool parse(int argc, char** argv, Arguments& arguments) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    if (flag == "--listen") {
      arguments.listen = argv[i + 1];
    } else if (flag == "--out") {
      arguments.out = argv[i + 1];
    } else {
      return false;
    }
  }
  return argc % 2 == 1 && !arguments.listen.empty() && !arguments.out.empty();
}

/// Blocked before any thread starts, so that only main() takes them.
sigset_t block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

int serve(const Arguments& arguments, const sigset_t& signals, LineFile& file) {
  Logs logs(file);
  Traces traces(file);
  Metrics metrics(file);
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(arguments.listen, grpc::InsecureServerCredentials(), &port);
  builder.SetMaxReceiveMessageSize(64 << 20);
  builder.RegisterService(&logs);
  builder.RegisterService(&traces);
  builder.RegisterService(&metrics);
  const auto server = builder.BuildAndStart();
  if (!server || port == 0) {
    std::fprintf(stderr, "otlp-receiver: cannot listen on %s\n", arguments.listen.c_str());
    return 4;
  }
  const std::string host = arguments.listen.substr(0, arguments.listen.rfind(':'));
  std::printf("listening %s:%d\n", host.c_str(), port);
  std::fflush(stdout);
  int received = 0;
  sigwait(&signals, &received);
  server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!parse(argc, argv, arguments)) {
    std::fprintf(stderr, "usage: otlp-receiver --listen HOST:PORT --out FILE\n");
    return 2;
  }
  const sigset_t signals = block_stop_signals();
  LineFile file(arguments.out);
  if (!file.open()) {
    std::fprintf(stderr, "otlp-receiver: cannot write %s\n", arguments.out.c_str());
    return 3;
  }
  return serve(arguments, signals, file);
}
