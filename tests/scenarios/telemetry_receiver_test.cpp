// The telemetry store's program alone: what others send it over OTLP, what it hands out, and its bounds.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <zlib.h>

#include <chrono>
#include <regex>
#include <thread>

#include "opentelemetry/proto/collector/logs/v1/logs_service.grpc.pb.h"
#include "opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"
#include "support/database.h"
#include "support/eventually.h"
#include "support/marketplace.h"
#include "support/raw_socket.h"
#include "support/scenario.h"

namespace ldt::testing {
namespace {

namespace collector = opentelemetry::proto::collector;
using LogsRequest = collector::logs::v1::ExportLogsServiceRequest;
using LogsResponse = collector::logs::v1::ExportLogsServiceResponse;

std::string loopback(int port) { return "127.0.0.1:" + std::to_string(port); }

/// The store's program alone.
class Store {
 public:
  explicit Store(std::vector<std::string> flags = {}) : flags_(std::move(flags)) { start(); }

  void start() {
    const auto printed = read_text(log());
    std::vector<std::string> words{program("ldt-telemetry"),
                                   "--db",
                                   file(),
                                   "--listen",
                                   "unix:" + socket(),
                                   "--otlp-grpc",
                                   loopback(grpc_port),
                                   "--otlp-http",
                                   loopback(http_port)};
    words.insert(words.end(), flags_.begin(), flags_.end());
    process_ = std::make_unique<Process>(Command{words, log(), {}});
    EXPECT_TRUE(eventually([&] { return read_text(log()).find("ready on", printed.size()) != std::string::npos; }))
        << read_text(log());
  }
  void stop() { EXPECT_EQ(process_->end(), 0); }

  /// POSTs over HTTP with protobuf. The whole answer.
  [[nodiscard]] std::string post(const std::string& path, const std::string& body,
                                 const std::string& headers = "Content-Type: application/x-protobuf\r\n") const {
    const std::string head = "POST " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers +
                             "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    return RawSocket(loopback(http_port)).exchange(head + body, false, kPatience).bytes;
  }
  /// What Prometheus is handed. The whole answer.
  [[nodiscard]] std::string metrics() const {
    const std::string get = "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    return RawSocket(loopback(http_port)).exchange(get, false, kPatience).bytes;
  }
  /// The integer that the query gives, of the file as it is.
  [[nodiscard]] std::int64_t query(const std::string& sql) const {
    sqlite3* database = nullptr;
    sqlite3_stmt* statement = nullptr;
    std::int64_t result = -1;
    if (sqlite3_open_v2(file().c_str(), &database, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK &&
        sqlite3_prepare_v2(database, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
      result = sqlite3_column_int64(statement, 0);
    }
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return result;
  }
  [[nodiscard]] std::filesystem::path file() const { return folder_.path() / "telemetry" / "telemetry.db"; }
  [[nodiscard]] std::filesystem::path log() const { return folder_.path() / "store.log"; }
  [[nodiscard]] std::string socket() const { return folder_.path() / "telemetry.sock"; }

  int grpc_port = free_port();
  int http_port = free_port();

 private:
  TemporaryFolder folder_;
  std::vector<std::string> flags_;
  std::unique_ptr<Process> process_;
};

LogsRequest request_with(int records, const std::string& body) {
  LogsRequest request;
  auto& resource = *request.add_resource_logs();
  auto& name = *resource.mutable_resource()->add_attributes();
  name.set_key("service.name");
  name.mutable_value()->set_string_value("foreign");
  auto& scope = *resource.add_scope_logs();
  for (int i = 0; i < records; ++i) {
    auto& record = *scope.add_log_records();
    record.set_severity_number(opentelemetry::proto::logs::v1::SEVERITY_NUMBER_INFO);
    record.mutable_body()->set_string_value(body + std::to_string(i));
  }
  return request;
}

grpc::Status export_over_grpc(const std::string& address, const LogsRequest& request) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  const auto channel = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  LogsResponse response;
  const auto status = collector::logs::v1::LogsService::NewStub(channel)->Export(&context, request, &response);
  EXPECT_EQ(response.partial_success().rejected_log_records(), 0);
  return status;
}

std::string zipped(const std::string& bytes) {
  z_stream stream{};
  std::string out(bytes.size() + 1000, '\0');
  std::string input = bytes;
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

bool answers(const std::string& answer, const std::string& status) { return answer.starts_with("HTTP/1.1 " + status); }

TEST(TelemetryStore, TakesWhatOthersSendOverGrpcAndOverHttp) {
  const Store store;
  EXPECT_TRUE(export_over_grpc(loopback(store.grpc_port), request_with(3, "over grpc ")).ok());
  EXPECT_EQ(store.query("SELECT count(*) FROM log WHERE body LIKE 'over grpc %'"), 3);

  const std::string body = request_with(2, "over http ").SerializeAsString();
  EXPECT_TRUE(answers(store.post("/v1/logs", body), "200"));
  EXPECT_EQ(store.query("SELECT count(*) FROM log WHERE body LIKE 'over http %'"), 2);
  const std::string gzip = "Content-Type: application/x-protobuf\r\nContent-Encoding: gzip\r\n";
  EXPECT_TRUE(answers(store.post("/v1/logs", zipped(body), gzip), "200"));
  EXPECT_EQ(
      store.query("SELECT count(*) FROM log JOIN resource ON resource.id = log.resource WHERE service = 'foreign'"), 7);

  collector::trace::v1::ExportTraceServiceRequest spans;
  auto& scope = *spans.add_resource_spans()->add_scope_spans();
  for (const char* id : {"12345678", "too short"}) {  // the second one is refused, the first one kept
    auto& span = *scope.add_spans();
    span.set_trace_id("0123456789abcdef");
    span.set_span_id(id);
    span.set_name("foreign span");
  }
  const auto partial = store.post("/v1/traces", spans.SerializeAsString());
  collector::trace::v1::ExportTraceServiceResponse response;
  ASSERT_TRUE(response.ParseFromString(partial.substr(partial.find("\r\n\r\n") + 4)));
  EXPECT_EQ(response.partial_success().rejected_spans(), 1);
  EXPECT_EQ(store.query("SELECT count(*) FROM span"), 1);

  collector::metrics::v1::ExportMetricsServiceRequest metrics;
  auto& metric = *metrics.add_resource_metrics()->add_scope_metrics()->add_metrics();
  metric.set_name("foreign.metric");
  metric.mutable_gauge()->add_data_points()->set_as_int(7);
  EXPECT_TRUE(answers(store.post("/v1/metrics", metrics.SerializeAsString()), "200"));
  EXPECT_EQ(store.query("SELECT value FROM point WHERE name = 'foreign.metric'"), 7);
}

TEST(TelemetryStore, HandsOutMetricsToPrometheus) {
  namespace v1 = opentelemetry::proto::metrics::v1;
  const Store store;
  collector::metrics::v1::ExportMetricsServiceRequest request;
  auto& per_resource = *request.add_resource_metrics();
  auto& service = *per_resource.mutable_resource()->add_attributes();
  service.set_key("service.name");
  service.mutable_value()->set_string_value("foreign");
  auto& scope = *per_resource.add_scope_metrics();
  const auto add_sum = [&](const char* name, v1::AggregationTemporality temporality) {
    auto& metric = *scope.add_metrics();
    metric.set_name(name);
    metric.mutable_sum()->set_is_monotonic(true);
    metric.mutable_sum()->set_aggregation_temporality(temporality);
    auto& point = *metric.mutable_sum()->add_data_points();
    point.set_as_int(3);
    auto& kind = *point.add_attributes();
    kind.set_key("kind");
    kind.mutable_value()->set_string_value("a \"quoted\"\nline");
  };
  add_sum("calls", v1::AGGREGATION_TEMPORALITY_CUMULATIVE);
  add_sum("since.last.time", v1::AGGREGATION_TEMPORALITY_DELTA);
  auto& histogram = *scope.add_metrics();
  histogram.set_name("wait");
  histogram.set_unit("ms");
  histogram.mutable_histogram()->set_aggregation_temporality(v1::AGGREGATION_TEMPORALITY_CUMULATIVE);
  auto& broken = *histogram.mutable_histogram()->add_data_points();
  broken.add_explicit_bounds(2);  // one bucket is missing
  broken.add_bucket_counts(1);
  auto& sound = *histogram.mutable_histogram()->add_data_points();
  sound.set_count(3);
  sound.set_sum(7.5);
  sound.add_explicit_bounds(2);
  sound.add_bucket_counts(1);
  sound.add_bucket_counts(2);
  auto& part = *sound.add_attributes();
  part.set_key("part");
  part.mutable_value()->set_int_value(1);
  EXPECT_TRUE(answers(store.post("/v1/metrics", request.SerializeAsString()), "200"));

  const auto text = store.metrics();
  for (const std::string line :
       {"HTTP/1.1 200 OK", "Content-Type: text/plain; version=0.0.4; charset=utf-8", "# TYPE calls_total counter",
        R"(calls_total{job="foreign",instance="",kind="a \"quoted\"\nline"} 3)",
        R"(wait_milliseconds_bucket{job="foreign",instance="",part="1",le="2"} 1)",
        R"(wait_milliseconds_bucket{job="foreign",instance="",part="1",le="+Inf"} 3)",
        R"(wait_milliseconds_sum{job="foreign",instance="",part="1"} 7.5)",
        R"(wait_milliseconds_count{job="foreign",instance="",part="1"} 3)",
        R"(target_info{job="foreign",instance=""} 1)"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << " is not in\n" << text;
  }
  EXPECT_EQ(text.find("since_last_time"), std::string::npos) << text;
  EXPECT_EQ(store.query("SELECT count(*) FROM point"), 4) << "the file has what Prometheus cannot have, too";
}

TEST(TelemetryStore, RefusesWhatMakesNoSense) {
  const Store store;
  EXPECT_TRUE(answers(store.post("/v1/logs", "\xFF\xFF this is no protobuf"), "400"));
  EXPECT_TRUE(answers(store.post("/v1/logs", "{}", "Content-Type: application/json\r\n"), "415"));
  EXPECT_TRUE(answers(store.post("/v1/nothing", ""), "404"));
  const std::string gzip = "Content-Type: application/x-protobuf\r\nContent-Encoding: gzip\r\n";
  EXPECT_TRUE(answers(store.post("/v1/logs", "not gzip", gzip), "400"));
  EXPECT_TRUE(answers(store.post("/v1/logs", zipped(std::string(17U << 20U, 'x')), gzip), "413"));
  EXPECT_TRUE(
      answers(store.post("/v1/logs", "", "Content-Type: application/x-protobuf\r\nExpect: nothing\r\n"), "417"));

  LogsRequest request;  // its first field holds bytes that are no message
  request.GetReflection()->MutableUnknownFields(&request)->AddLengthDelimited(1, "\xFF\xFF");
  EXPECT_EQ(export_over_grpc("unix:" + store.socket(), request).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(export_over_grpc("unix:" + store.socket(), request_with(1, "after it ")).ok());
  EXPECT_EQ(store.query("SELECT count(*) FROM log"), 1);
}

/// Of a marketplace that sends to the store as to any other receiver: over HTTP, zipped.
std::map<std::string, std::string> sending_over_http_to(const Store& store) {
  return {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://" + loopback(store.http_port)},
          {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"},
          {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"},
          {"OTEL_BSP_SCHEDULE_DELAY", "100"},
          {"OTEL_BLRP_SCHEDULE_DELAY", "100"},
          {"OTEL_METRIC_EXPORT_INTERVAL", "500"}};
}

TEST(OtlpOverHttp, TellsOfARevertedOrderFromAllFourServices) {
  const Store store;
  Marketplace market({.environment = sending_over_http_to(store)});
  auto client = market.client();
  const OrderRequest request{.user = "alice",
                             .sku = "late-day",
                             .failures = {{.step = "delivery.deliver", .kind = "TIMEOUT", .effect = "APPLIED"}},
                             .handling = {.max_attempts = 2, .step_timeout_ms = 200}};
  EXPECT_EQ(client.place(request).body.at("outcome"), "TIMEOUT");
  for (const std::string table : {"span", "log", "point"}) {
    const auto services =
        "SELECT count(DISTINCT service) FROM " + table + " JOIN resource ON resource.id = " + table + ".resource";
    EXPECT_TRUE(eventually([&] { return store.query(services) == 4; })) << table << ": " << store.query(services);
  }
  const auto spans = [&](const std::string& name) {
    return store.query("SELECT count(*) FROM span WHERE name = '" + name + "'");
  };
  EXPECT_TRUE(eventually([&] { return spans("order.saga") == 1; })) << spans("order.saga");
  for (const std::string undo : {"delivery.revoke", "inventory.release", "payment.refund"}) {
    EXPECT_TRUE(eventually([&] { return spans(undo) == 2; })) << undo << " is told on either side: " << spans(undo);
  }
  EXPECT_EQ(store.query("SELECT count(DISTINCT trace_id) FROM span"), 1);
}

TEST(OtlpOverHttp, IsKeptForAReceiverThatIsAwayForAMoment) {
  Store store;
  Marketplace market({.environment = sending_over_http_to(store)});
  auto client = market.client();
  const auto sagas = [&] { return store.query("SELECT count(*) FROM span WHERE name = 'order.saga'"); };
  EXPECT_EQ(client.place(OrderRequest{.user = "alice", .sku = "late-day"}).status, 201);
  EXPECT_TRUE(eventually([&] { return sagas() == 1; }));
  store.stop();
  EXPECT_EQ(client.place(OrderRequest{.user = "alice", .sku = "late-day"}).status, 201);
  std::this_thread::sleep_for(std::chrono::milliseconds(500));  // spans leave within 0.1 s, in vain
  store.start();
  EXPECT_TRUE(eventually([&] { return sagas() == 2; })) << sagas();
}

TEST(OtlpOverHttp, ToNobodyCostsRecordsThatAreCountedAndNoOrder) {
  Store store;
  auto environment = sending_over_http_to(store);
  environment["OTEL_CPP_EXPORTER_OTLP_RETRY_MAX_ATTEMPTS"] = "2";
  environment["OTEL_CPP_EXPORTER_OTLP_RETRY_INITIAL_BACKOFF"] = "0.1";
  Marketplace market({.environment = environment});
  auto client = market.client();
  const auto sagas = [&] { return store.query("SELECT count(*) FROM span WHERE name = 'order.saga'"); };
  EXPECT_EQ(client.place(OrderRequest{.user = "alice", .sku = "late-day"}).status, 201);
  EXPECT_TRUE(eventually([&] { return sagas() == 1; }));
  store.stop();
  EXPECT_EQ(client.place(OrderRequest{.user = "alice", .sku = "late-day"}).status, 201);
  const auto said = market.data() / "log" / "order.stderr";
  EXPECT_TRUE(eventually([&] { return read_text(said).find(" failed") != std::string::npos; })) << read_text(said);
  std::this_thread::sleep_for(std::chrono::seconds(1));  // one line says it for all; spans are given up after 0.5 s
  store.start();
  const std::regex counted(R"(ldt_telemetry_dropped_total\{[^}]*signal="traces"[^}]*\} [1-9])");
  EXPECT_TRUE(eventually([&] { return std::regex_search(store.metrics(), counted); })) << store.metrics();
  EXPECT_EQ(client.place(OrderRequest{.user = "alice", .sku = "late-day"}).status, 201);
  EXPECT_TRUE(eventually([&] { return sagas() == 2; })) << "on a new connection";
  EXPECT_EQ(market.stop().exit_code, 0);
}

TEST(TelemetryStore, KeepsToItsBoundOfSize) {
  const Store store({"--max-size-mb", "2"});
  const std::string filler(900, 'x');
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(export_over_grpc("unix:" + store.socket(), request_with(1'000, filler + std::to_string(i) + "-")).ok());
  }
  constexpr std::int64_t kBound = 2 << 20;
  const char* used =
      "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, "
      "pragma_page_size";
  EXPECT_TRUE(eventually([&] { return store.query(used) <= kBound; })) << store.query(used);
  EXPECT_EQ(store.query("SELECT count(*) FROM log WHERE body LIKE '%x9-999'"), 1) << "the newest stay";
  EXPECT_GT(store.query("SELECT count(*) FROM log"), 500) << "no more goes than has to";
  EXPECT_EQ(store.query("SELECT count(*) FROM log WHERE body LIKE '%x0-0'"), 0) << "the oldest go";
}

TEST(TelemetryStore, KeepsToItsBoundOfAge) {
  const Store store({"--max-age-seconds", "1"});
  ASSERT_TRUE(export_over_grpc("unix:" + store.socket(), request_with(100, "soon old ")).ok());
  EXPECT_TRUE(eventually([&] { return store.query("SELECT count(*) FROM log") == 0; }));
}

TEST(TelemetryStore, MovesAFileAsideThatItCannotUse) {
  Store store;
  store.stop();
  std::filesystem::resize_file(store.file(), 5'000);
  store.start();
  EXPECT_TRUE(std::filesystem::exists(store.file().string() + ".damaged")) << read_text(store.log());
  EXPECT_TRUE(export_over_grpc("unix:" + store.socket(), request_with(1, "goes on ")).ok());
  store.stop();
  change_database(store.file(), "PRAGMA user_version=99");
  store.start();
  EXPECT_TRUE(std::filesystem::exists(store.file().string() + ".newer")) << read_text(store.log());
  EXPECT_EQ(store.query("SELECT count(*) FROM log"), 0);
}

TEST(TelemetryStore, GoesOnWithoutAPortThatIsTaken) {
  const Store first;
  TemporaryFolder folder;
  const auto log = folder.path() / "second.log";
  Process second({{program("ldt-telemetry"), "--db", folder.path() / "t.db", "--listen",
                   "unix:" + (folder.path() / "t.sock").string(), "--otlp-grpc", loopback(first.grpc_port),
                   "--otlp-http", loopback(first.http_port)},
                  log,
                  {}});
  EXPECT_TRUE(eventually([&] { return read_text(log).find("ready on") != std::string::npos; })) << read_text(log);
  EXPECT_NE(read_text(log).find("no OTLP over gRPC"), std::string::npos) << read_text(log);
  EXPECT_NE(read_text(log).find("no OTLP over HTTP"), std::string::npos) << read_text(log);
  EXPECT_TRUE(export_over_grpc("unix:" + (folder.path() / "t.sock").string(), request_with(1, "all the same ")).ok());
}

}  // namespace
}  // namespace ldt::testing
